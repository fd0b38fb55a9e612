//! Asking the seller about an order, and the way to what was asked before.

use maud::{Markup, html};

use super::{
    contact::ASK,
    form,
    layout::name,
    view::{Page, Said},
};

/// Characters of a subject and of a message.
pub const MAX_SUBJECT: usize = 255;
pub const MAX_MESSAGE: usize = 20_000;

/// `here`: the form is on this page. Where the page is loaded anew by itself, a link leads to the same one that isn't.
pub fn card(page: &Page, said: &Said, here: bool) -> Markup {
    let words = &page.words.order;
    html! {
        section.card #question aria-labelledby="question-title" {
            h2 #question-title { (words.questions) }
            @if !said.queries.is_empty() {
                ul.threads {
                    @for asked in &said.queries {
                        li { a href=(asked.href) { (name(asked.subject)) } span.hint { (asked.status) } }
                    }
                }
            }
            @if here { (ask(page, said)) } @else {
                p { a href={ (page.order_url) (ASK) } { (words.ask_question) } }
            }
        }
    }
}

fn ask(page: &Page, said: &Said) -> Markup {
    let words = &page.words.order;
    html! {
            details.more open[said.asks || !said.question.is_right()] {
                summary { (words.ask_question) }
                form method="post" action={ (page.url) "/query" } {
                    @if said.asks_email { (form::line(said.question, "email", page.words.pay.email, "email", 254)) }
                    (form::line(said.question, "subject", words.subject, "text", MAX_SUBJECT))
                    (form::area(said.question, "message", words.message, MAX_MESSAGE, true))
                    button.button.plain { (words.send_question) }
                }
            }
    }
}
