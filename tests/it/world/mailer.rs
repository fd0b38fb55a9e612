//! The platform's own mail service, which can refuse.

use std::cell::RefCell;

use pushguard::platform::{LocalBoxFuture, Mail};

#[derive(Default)]
pub struct Mailer {
    sent: RefCell<Vec<Mail>>,
    /// Why nothing is taken now.
    pub refuses: RefCell<Option<String>>,
}

impl Mailer {
    pub fn sent(&self) -> Vec<Mail> {
        self.sent.borrow().clone()
    }
}

impl pushguard::platform::Mailer for Mailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> LocalBoxFuture<'a, Result<(), String>> {
        let answer = match self.refuses.borrow().clone() {
            Some(word) => Err(word),
            None => {
                self.sent.borrow_mut().push(mail.clone());
                Ok(())
            }
        };
        Box::pin(std::future::ready(answer))
    }
}
