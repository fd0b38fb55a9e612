//! Pages that end the matter: no such page, too many requests, and our own failures.

use maud::{Markup, html};

use crate::{
    checkout::parts::{Mark, mark},
    shop::catalog::Shop,
    words::Words,
};

pub enum Kind<'a> {
    NotFound,
    /// The request is another site's.
    Elsewhere,
    /// The shop said no.
    Refused,
    TooMany,
    /// The form was more than is read.
    TooLarge,
    /// This isolate reads enough forms already.
    Busy,
    Broken {
        request_id: &'a str,
    },
}

impl Kind<'_> {
    pub fn status(&self) -> u16 {
        match self {
            Kind::NotFound => 404,
            Kind::Elsewhere | Kind::Refused => 403,
            Kind::TooMany => 429,
            Kind::TooLarge => 413,
            Kind::Busy => 503,
            Kind::Broken { .. } => 500,
        }
    }
}

/// Title and text.
pub fn words(words: &Words, kind: &Kind<'_>) -> (&'static str, &'static str) {
    let (pay, words) = (&words.pay, &words.shop);
    match kind {
        Kind::NotFound => (words.not_found, words.not_found_text),
        Kind::Elsewhere => (words.elsewhere, words.elsewhere_text),
        Kind::Refused => (words.refused, words.refused_text),
        Kind::TooMany => (words.too_many, words.too_many_text),
        Kind::TooLarge => (words.too_large, words.too_large_text),
        Kind::Busy => (pay.busy_title, pay.busy_text),
        Kind::Broken { .. } => (words.broken, words.broken_text),
    }
}

pub fn main(words: &Words, shop: Option<&Shop>, title: &str, text: &str, kind: &Kind<'_>) -> Markup {
    html! {
        main.lone {
            section.card aria-labelledby="state" {
                (mark(Mark::Care))
                div.state { h1 #state { (title) } p { (text) } }
                @if let Some(shop) = shop.filter(|shop| shop.appearance.listed) {
                    a.button href={ "/shop/" (shop.appearance.slug) } { (words.shop.to_shop) }
                }
                @if let Kind::Broken { request_id } = kind {
                    dl { dt { (words.shop.request) } dd { (request_id) } }
                }
            }
        }
    }
}
