//! Handing a mail to the service: an API of Resend's shape, or the platform's own binding.

use serde::Serialize;

use crate::{
    json,
    platform::{EmailService, EmailSettings, HttpRequest, Mail},
    shop::{App, webhook::retry_schedule},
};

/// The service has this long, in milliseconds.
const TIMEOUT: u32 = 15_000;
/// Bytes of its answer that are read: only an error says more than its status.
const MAX_ANSWER: usize = 4 << 10;
/// What Resend answers when another text came under the same key before: the mail is sent
/// (resend.com/docs/dashboard/emails/idempotency-keys).
const SENT_BEFORE: &[u8] = b"invalid_idempotent_request";

/// Why a mail isn't sent. Every reason is tried again, also a refusal: most are the operator's to
/// mend (a key, a domain), and then nothing is lost.
pub struct NotSent {
    /// For the log: never what the service says, which may name the receiver.
    pub word: String,
    /// What the service asks for, in milliseconds.
    pub retry_after: Option<i64>,
}

impl NotSent {
    pub fn because(word: &str) -> NotSent {
        NotSent { word: word.to_owned(), retry_after: None }
    }
}

/// `key` is the same for each try of the mail.
pub async fn send(app: &App, settings: &EmailSettings, mail: &Mail, key: &str) -> Result<(), NotSent> {
    match &settings.service {
        EmailService::Binding => app.platform.mailer.send(mail).await.map_err(|word| NotSent::because(&word)),
        EmailService::Api { url, key: secret } => post(app, url, secret, mail, key).await,
    }
}

#[derive(Serialize)]
struct Body<'a> {
    from: String,
    to: &'a str,
    subject: &'a str,
    html: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
}

async fn post(app: &App, url: &str, secret: &str, mail: &Mail, key: &str) -> Result<(), NotSent> {
    let body = Body {
        from: format!("\"{}\" <{}>", mail.from_name, mail.from),
        to: &mail.to,
        subject: &mail.subject,
        html: &mail.html,
        text: &mail.text,
        reply_to: mail.reply_to.as_deref(),
    };
    let headers = [
        ("authorization", format!("Bearer {secret}")),
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", key.to_owned()),
        ("user-agent", "PushGuard".to_owned()),
    ];
    let request = HttpRequest {
        method: "POST",
        url: url.to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Some(json::to_text(&body).into_bytes()),
        timeout: TIMEOUT,
        limit: MAX_ANSWER,
    };
    let answer = app.platform.http.fetch(request).await.map_err(|error| NotSent::because(error.word()))?;
    let sent_before = || answer.body.windows(SENT_BEFORE.len()).any(|part| part == SENT_BEFORE);
    match answer.status {
        200..300 => Ok(()),
        409 if sent_before() => Ok(()),
        status => Err(NotSent {
            word: format!("status_{status}"),
            retry_after: retry_schedule::retry_after(&answer, app.now()),
        }),
    }
}
