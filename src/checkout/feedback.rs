//! What a buyer says of an order, and what the seller answers.

use maud::{Markup, html};

use super::{
    form,
    layout::name,
    view::{Opinion, Page},
};
use crate::words;

/// Characters of a comment.
pub const MAX_COMMENT: usize = 2_000;

pub fn card(page: &Page, opinion: &Opinion) -> Markup {
    let words = &page.words.order;
    html! {
        section.card #feedback aria-labelledby="feedback-title" {
            h2 #feedback-title { @if opinion.given.is_some() { (words.your_feedback) } @else { (words.give_feedback) } }
            @if opinion.changeable { (ask(page, opinion)) } @else if let Some(given) = opinion.given {
                p { (stars(page, given.stars)) }
                @if !given.comment.is_empty() { p.said dir="auto" { (given.comment) } }
            }
            @if let Some(response) = opinion.given.map(|given| given.response.as_str()).filter(|text| !text.is_empty()) {
                div.reply {
                    p.hint { (words::rich(words.answered, &[("shop", &name(page.shop))])) }
                    p.said dir="auto" { (response) }
                }
            }
        }
    }
}

fn ask(page: &Page, opinion: &Opinion) -> Markup {
    let (words, given) = (&page.words.order, opinion.form);
    let wrong = given.problem("stars").is_some();
    html! {
        @if opinion.given.is_some() { p.hint role="status" { (words.thank_you) } }
        form method="post" action={ (page.url) "/feedback" } {
            fieldset.stars aria-describedby=[wrong.then(|| form::problem_id("stars"))] {
                legend { (words.stars) }
                (form::problem(given, "stars"))
                div.row {
                    @for count in 1..=5_u32 {
                        label.choice {
                            input type="radio" name="stars" value=(count) required
                                checked[given.value("stars") == count.to_string()] aria-invalid=[wrong.then_some("true")];
                            span aria-hidden="true" { (count) " ★" } span.unseen { (stars(page, count)) }
                        }
                    }
                }
            }
            (form::area(given, "comment", words.comment, MAX_COMMENT, false))
            button.button.plain { @if opinion.given.is_some() { (words.change_feedback) } @else { (words.send_feedback) } }
        }
    }
}

fn stars(page: &Page, count: u32) -> String {
    let words = page.words;
    let forms = [words.order.stars_one, words.order.stars_few, words.order.stars_many];
    words::fill(words.plural(count.into(), forms), &[("count", &count.to_string())])
}
