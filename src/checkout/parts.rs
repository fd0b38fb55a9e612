//! Pieces that several pages are made of.

use maud::{Markup, html};

use super::{layout::name, view::Page};
use crate::words::{Words, fill};

/// What is bought.
pub fn summary(words: &Words, title: &str, quantity: u32, price: &str) -> Markup {
    html! {
        section.summary aria-label=(words.pay.your_order) {
            p.item {
                (name(title))
                @if quantity > 1 { span.hint { " × " (quantity) } }
            }
            p.price { (price) }
        }
    }
}

/// The heading takes the focus when what had it is swapped away, and `.state` is what the script reads out.
pub fn heading(title: &str, text: Markup) -> Markup {
    html! {
        div.state {
            h1 #state tabindex="-1" { (title) }
            p { (text) }
        }
    }
}

/// The order, what else there is to say of it, and whom to ask about it.
pub fn facts(page: &Page, order_id: &str, more: Markup) -> Markup {
    html! { dl { dt { (page.words.pay.order) } dd { (order_id) } (more) (page.contact.row(page.words)) } }
}

/// The picture that heads a state: it says at a glance what the words say.
#[derive(Clone, Copy)]
pub enum Mark {
    Done,
    /// Seen, and not through yet: the ring turns.
    Work,
    Time,
    Care,
}

pub fn mark(mark: Mark) -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" aria-hidden="true" {
            @match mark {
                Mark::Done => path d="m6.5 12.5 3.8 3.8 7.4-8" {},
                Mark::Work => { path d="m8 12.4 2.8 2.7 5.2-5.6" {} circle.ring cx="12" cy="12" r="16.8" {} },
                Mark::Time => path d="M12 7v5l3.2 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0" {},
                Mark::Care => path d="M12 6.5v6.6m0 3.6v.1" {},
            }
        }
    }
}

/// Both faces lie on one another, so that the button keeps its size when it turns from `rest` to `done`.
pub fn flip(rest: &str, done: &str) -> Markup {
    html! { span.flip { span { (rest) } span { (done) } } }
}

pub fn copy(words: &Words, id: &str, what: &str, text: &str) -> Markup {
    html! {
        button.copy #{ "copy-" (id) } type="button" data-copy=(text) {
            (flip(words.pay.copy, words.pay.copied)) span.unseen { " " (fill(words.pay.copy_what, &[("what", what)])) }
        }
    }
}

/// "2 confirmations"
pub fn confirmations(words: &Words, number: u32) -> String {
    let pay = &words.pay;
    let forms = [pay.confirmations_one, pay.confirmations_few, pay.confirmations_many];
    fill(words.plural(number.into(), forms), &[("number", &number.to_string())])
}
