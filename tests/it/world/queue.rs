//! A queue that can fail, lose its messages, and tells what waits in it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use pushguard::{
    platform::{Clock as _, Fault, LocalBoxFuture, QueueName},
    shop::job::Job,
};

use super::{Clock, SECOND};

#[derive(Default)]
pub struct Queue {
    /// When it is due, and its text; in the order of sending.
    pub(super) waiting: RefCell<Vec<(i64, String)>>,
    /// Sending fails and says so.
    pub broken: Cell<bool>,
    /// Sending works and nothing ever comes.
    pub loses: Cell<bool>,
    pub(super) clock: Rc<Clock>,
}

impl Queue {
    pub fn put(&self, text: String, seconds: u32) {
        self.waiting.borrow_mut().push((self.clock.now() + i64::from(seconds) * SECOND, text));
    }

    /// Messages that wait, each with its due time.
    pub fn waiting(&self) -> Vec<(i64, String)> {
        self.waiting.borrow().clone()
    }

    pub fn forget(&self) {
        self.waiting.borrow_mut().clear();
    }

    pub fn next_due(&self) -> Option<i64> {
        self.waiting.borrow().iter().map(|(due, _)| *due).min()
    }

    pub fn take_due(&self, most: usize) -> Vec<String> {
        let now = self.clock.now();
        let mut taken = Vec::new();
        self.waiting.borrow_mut().retain(|(due, text)| {
            let take = *due <= now && taken.len() < most;
            if take {
                taken.push(text.clone());
            }
            !take
        });
        taken
    }
}

impl pushguard::platform::Queue for Queue {
    fn send<'a>(&'a self, lane: QueueName, messages: Vec<(String, u32)>) -> LocalBoxFuture<'a, Result<(), Fault>> {
        if self.broken.get() {
            return Box::pin(std::future::ready(Err(Fault("the queue is broken".into()))));
        }
        for (text, delay) in messages {
            assert!(delay <= 43_200, "no queue delays a message for {delay} seconds");
            assert!(text.len() <= 128_000, "no queue takes a message of {} bytes", text.len());
            assert_eq!(Job::from_text(&text).map(|job| job.lane()), Some(lane), "{text}");
            if !self.loses.get() {
                self.put(text, delay);
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
