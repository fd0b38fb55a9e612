//! A question to the seller that is about no order.

use maud::html;

use super::{Visit, typed};
use crate::{
    checkout::{contact::encoded, layout::name},
    http::Response,
    platform::LimitKind,
    shop::{
        Error,
        catalog::Shop,
        query::{self, Question},
        text::{
            email::{self, BadEmail},
            turned,
        },
    },
    words,
};

/// Characters.
const MAX_SUBJECT: usize = 255;
const MAX_MESSAGE: usize = 5_000;

/// What was typed, and a sentence for each field that is wrong.
#[derive(Default)]
pub struct Letter {
    email: String,
    subject: String,
    message: String,
    email_wrong: Option<String>,
    subject_wrong: Option<String>,
    message_wrong: Option<String>,
}

impl Letter {
    fn read(visit: &Visit<'_>) -> Letter {
        let said = &visit.words.shop;
        let field = |name: &str| typed(visit.request, name).unwrap_or_default();
        let (email, subject, message) = (field("email"), field("subject").replace('\n', " "), field("message"));
        let long = |most: usize| words::fill(said.too_long, &[("count", &most.to_string())]);
        let email_wrong = email::parse(&email).err().map(|bad| match bad {
            _ if email.is_empty() => said.email_blank.to_owned(),
            BadEmail::Invisible(_) => said.email_invisible.to_owned(),
            BadEmail::Malformed => said.email_wrong.to_owned(),
        });
        let subject_wrong = match subject.chars().count() {
            0 => Some(said.answer_blank.to_owned()),
            n if n > MAX_SUBJECT => Some(long(MAX_SUBJECT)),
            _ => turned(&subject).map(|_| said.turned.to_owned()),
        };
        let message_wrong = match message.chars().count() {
            0 => Some(said.answer_blank.to_owned()),
            n if n > MAX_MESSAGE => Some(long(MAX_MESSAGE)),
            _ => None,
        };
        Letter { email, subject, message, email_wrong, subject_wrong, message_wrong }
    }

    /// Of somebody who comes from an order's page, or from a payment link's: its number stands in the subject.
    pub fn about(visit: &Visit<'_>) -> Letter {
        let pay = &visit.words.pay;
        let id = |name| visit.request.param(name).filter(|id| id.len() <= 64 && id.bytes().all(is_of_an_id));
        let order = id("order_id").map(|id| format!("{} {id}", pay.order));
        let subject = order.or_else(|| id("payment_id").map(|id| format!("{} {id}", pay.payment)));
        Letter { subject: subject.unwrap_or_default(), ..Letter::default() }
    }

    fn is_good(&self) -> bool {
        self.email_wrong.is_none() && self.subject_wrong.is_none() && self.message_wrong.is_none()
    }
}

pub async fn send(visit: &Visit<'_>, shop: &Shop) -> Result<Response, Error> {
    let letter = Letter::read(visit);
    if !letter.is_good() {
        return Ok(page(visit, shop, 422, &letter));
    }
    // Each is a row that the seller reads.
    if !visit.app.allows(LimitKind::Anonymous, &format!("contact {}", visit.request.network())).await {
        let letter = Letter { message_wrong: Some(visit.words.shop.too_many_text.to_owned()), ..letter };
        return Ok(page(visit, shop, 429, &letter).with("retry-after", "60"));
    }
    let question = Question { order_id: None, subject: letter.subject, email: letter.email, message: letter.message };
    let asked = query::create(visit.app, &shop.account, question).await?;
    let (query, _) = asked.commit(visit.app, Vec::new()).await?;
    let thread = query::thread::path(&visit.app.platform.settings.token_keys, &shop.account, &query.id);
    Ok(Response::see_other(&thread).with("cache-control", "no-store"))
}

pub fn page(visit: &Visit<'_>, shop: &Shop, status: u16, letter: &Letter) -> Response {
    let said = &visit.words.shop;
    let title = words::fill(said.contact_shop, &[("shop", &shop.name)]);
    let frame = visit.frame(Some(shop), said.contact);
    let invalid = |wrong: &Option<String>| wrong.as_ref().map(|_| "true");
    let described = |wrong: &Option<String>, id: &'static str| wrong.as_ref().map(|_| id);
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let main = html! {
        main.lone {
            section.card aria-labelledby="title" {
                div.state { h1 #title dir="auto" { (title) } p { (said.contact_hint) } }
                @if !letter.is_good() { p.alert role="alert" { (said.mistakes) } }
                form method="post" action={ "/shop/" (shop.appearance.slug) "/contact" } {
                    label for="email" { (said.email) }
                    input #email name="email" type="email" value=[some(&letter.email)] required maxlength="254" autocomplete="email"
                        inputmode="email" autocapitalize="none" spellcheck="false"
                        aria-invalid=[invalid(&letter.email_wrong)] aria-describedby=[described(&letter.email_wrong, "email-wrong")];
                    @if let Some(text) = &letter.email_wrong { p.wrong #email-wrong { (text) } }
                    label for="subject" { (said.subject) }
                    input #subject name="subject" type="text" dir="auto" value=[some(&letter.subject)] required maxlength=(MAX_SUBJECT)
                        aria-invalid=[invalid(&letter.subject_wrong)] aria-describedby=[described(&letter.subject_wrong, "subject-wrong")];
                    @if let Some(text) = &letter.subject_wrong { p.wrong #subject-wrong { (text) } }
                    label for="message" { (said.message) }
                    textarea #message name="message" dir="auto" rows="7" required maxlength=(MAX_MESSAGE)
                        aria-invalid=[invalid(&letter.message_wrong)] aria-describedby=[described(&letter.message_wrong, "message-wrong")]
                        { (letter.message) }
                    @if let Some(text) = &letter.message_wrong { p.wrong #message-wrong { (text) } }
                    button.button { (said.send) }
                }
                @if shop.contact.email.is_some() || shop.contact.url.is_some() {
                    dl {
                        @if let Some(email) = &shop.contact.email {
                            dt { (said.email) } dd { a href={ "mailto:" (mailto(email)) } { (email) } }
                        }
                        @if let Some(url) = &shop.contact.url {
                            dt { (said.help) } dd { a href=(url) rel="noopener" { (name(&shop.name)) } }
                        }
                    }
                }
            }
        }
    };
    visit.page(status, &frame, main)
}

fn is_of_an_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Its two parts, in which nothing is of the URL.
fn mailto(email: &str) -> String {
    email.rsplit_once('@').map_or_else(String::new, |(local, domain)| format!("{}@{}", encoded(local), encoded(domain)))
}
