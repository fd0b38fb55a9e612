//! The `send_email` binding `EMAIL` as `Mailer`
//! (developers.cloudflare.com/email-service/api/send-emails/workers-api). It is looked up when it is
//! needed: a shop without e-mail runs without it.

use js_sys::Reflect;
use worker::{EmailAddress, Env, SendEmailBuilder};

use crate::platform::{EMAIL_BINDING, LocalBoxFuture, Mail, Mailer};

pub struct Service(pub Env);

/// Whether there is such a binding.
pub fn is_bound(env: &Env) -> bool {
    Reflect::get(env, &EMAIL_BINDING.into()).is_ok_and(|binding| binding.is_object())
}

impl Mailer for Service {
    fn send<'a>(&'a self, mail: &'a Mail) -> LocalBoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let service = self.0.send_email(EMAIL_BINDING).map_err(|_| "not_bound".to_owned())?;
            let from = EmailAddress::new(&mail.from_name, &mail.from);
            let message = SendEmailBuilder::new_with_email_address_and_str(&from, &mail.to, &mail.subject);
            message.set_html(&mail.html);
            message.set_text(&mail.text);
            if let Some(reply_to) = &mail.reply_to {
                message.set_reply_to(reply_to);
            }
            match service.send_with_builder(&message).await {
                Ok(_) => Ok(()),
                Err(error) => {
                    // Its code (E_SENDER_NOT_VERIFIED); its message may name the receiver.
                    let code = Reflect::get(&error, &"code".into()).ok().and_then(|code| code.as_string());
                    let is_word =
                        |code: &String| code.len() <= 64 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                    Err(code.filter(is_word).unwrap_or_else(|| "refused".into()))
                }
            }
        })
    }
}
