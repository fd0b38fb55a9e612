//! Pages that end the matter: no such link, a withdrawn one, and our own failures, which say that no money is lost.

use crate::checkout::frame::{Frame, Mark, layout, mark};
use crate::checkout::page::heading;
use maud::{Markup, html};

pub struct Notice<'a> {
    pub brand: &'a str,
    pub shop: Option<&'a str>,
    pub kind: Kind<'a>,
    /// Where "Try again" leads; without it there is no such button.
    pub again: Option<&'a str>,
}

pub enum Kind<'a> {
    NotFound,
    Gone,
    /// It was made too long ago.
    Expired,
    /// The shop said no: sold out, barred. The words are the caller's.
    Refused {
        title: &'a str,
        text: &'a str,
    },
    Busy,
    /// No exchange rate is fresh enough to quote from.
    NoPrice,
    /// The gateway on whose page it is paid can't be reached.
    NoAnswer,
    Broken {
        request_id: &'a str,
    },
}

impl Kind<'_> {
    pub fn status(&self) -> u16 {
        match self {
            Kind::NotFound => 404,
            Kind::Gone | Kind::Expired => 410,
            Kind::Refused { .. } => 403,
            Kind::Busy | Kind::NoPrice | Kind::NoAnswer => 503,
            Kind::Broken { .. } => 500,
        }
    }
}

pub fn document(notice: &Notice) -> Markup {
    let (title, text) = words(&notice.kind);
    let frame = Frame { brand: notice.brand, shop: notice.shop, title, test: false, refresh: None };
    layout(
        &frame,
        html! {
            main #pay .lone data-revision={ (notice.kind.status()) "-notice" } {
                section.card aria-labelledby="state" {
                    (mark(Mark::Care))
                    (heading(title, html! { (text) }))
                    @if let Some(url) = notice.again { a.button href=(url) { "Try again" } }
                    @if let Kind::Broken { request_id } = notice.kind { dl { dt { "Request" } dd { (request_id) } } }
                }
            }
        },
    )
}

fn words<'a>(kind: &Kind<'a>) -> (&'a str, &'a str) {
    match kind {
        Kind::NotFound => {
            ("No such payment link", "Check that the address is complete, or ask the seller for a new one.")
        }
        Kind::Gone => (
            "This link is closed",
            "The seller has withdrawn it, and nothing can be paid here. If you have paid already, contact the seller.",
        ),
        Kind::Expired => {
            ("This link has expired", "It was made too long ago to be paid. Ask the seller for a new one.")
        }
        Kind::Refused { title, text } => (title, text),
        Kind::Busy => {
            ("One moment, please", "Many people are buying right now. Nothing was charged; try again in a minute.")
        }
        Kind::NoPrice => (
            "No price right now",
            "We can't get a fresh exchange rate at the moment. Nothing was charged; try again in a minute.",
        ),
        Kind::NoAnswer => (
            "This can't be paid right now",
            "The payment service doesn't answer at the moment. Nothing was charged; try again in a minute.",
        ),
        Kind::Broken { .. } => (
            "Something broke on our side",
            "Nothing was charged by this. If you have sent a payment already, it is safe: don't send it again.",
        ),
    }
}
