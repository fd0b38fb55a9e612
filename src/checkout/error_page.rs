//! Pages that end the matter: no such link, a withdrawn one, and our own failures, which say that no money is lost.

use maud::{Markup, html};

use super::{
    contact::Contact,
    layout::{Frame, layout},
    parts::{Mark, heading, mark, summary},
};
use crate::words;

pub struct Notice<'a> {
    pub brand: &'a str,
    /// What is known of the payment whose link it is.
    pub about: Option<About<'a>>,
    pub kind: Kind<'a>,
    /// Where "Try again" leads; without it there is no such button.
    pub again: Option<&'a str>,
}

pub struct About<'a> {
    pub shop: &'a str,
    pub title: &'a str,
    pub quantity: u32,
    pub price: &'a str,
    pub test: bool,
    /// There may be one.
    pub order_id: Option<&'a str>,
    pub contact: Contact,
}

pub enum Kind<'a> {
    NotFound,
    /// The same, where it is no payment link that isn't there.
    NoPage,
    Gone,
    /// It was made too long ago.
    Expired,
    /// The shop said no: sold out, barred. The words are the caller's.
    Refused {
        title: &'a str,
        text: &'a str,
    },
    /// Somebody else has bought the last of it.
    SoldOut,
    Busy,
    /// This address, or this payment's page, was asked for too often in this minute.
    TooMany,
    /// No exchange rate is fresh enough to quote from.
    NoPrice,
    /// The gateway on whose page it is paid can't be reached.
    NoAnswer,
    Broken {
        request_id: &'a str,
    },
}

impl Kind<'_> {
    /// Only the seller can help: the page says how to reach them.
    pub fn asks_the_seller(&self) -> bool {
        matches!(self, Kind::Gone | Kind::Expired | Kind::SoldOut | Kind::Refused { .. })
    }

    pub fn status(&self) -> u16 {
        match self {
            Kind::NotFound | Kind::NoPage => 404,
            Kind::Gone | Kind::Expired => 410,
            Kind::Refused { .. } => 403,
            Kind::SoldOut => 409,
            Kind::TooMany => 429,
            Kind::Busy | Kind::NoPrice | Kind::NoAnswer => 503,
            Kind::Broken { .. } => 500,
        }
    }
}

pub fn document(notice: &Notice) -> Markup {
    let (title, text) = texts(&notice.kind);
    let about = notice.about.as_ref();
    let (shop, test) = (about.map(|about| about.shop), about.is_some_and(|about| about.test));
    layout(
        &Frame { brand: notice.brand, shop, title, test, refresh: None },
        html! {
            main #pay .lone[about.is_none()] data-revision={ (notice.kind.status()) "-notice" } {
                @if let Some(about) = about { (summary(about.title, about.quantity, about.price)) }
                section.card aria-labelledby="state" {
                    (mark(Mark::Care))
                    (heading(title, html! { (text) }))
                    @if let Some(url) = notice.again { a.button href=(url) { "Try again" } }
                    @if let Kind::Broken { request_id } = notice.kind {
                        dl { dt { "Request" } dd { (request_id) } }
                    } @else if let Some(about) = about.filter(|_| notice.kind.asks_the_seller()) {
                        dl {
                            @if let Some(id) = about.order_id { dt { "Order" } dd { (id) } }
                            (about.contact.row())
                        }
                    }
                }
            }
        },
    )
}

fn texts<'a>(kind: &Kind<'a>) -> (&'a str, &'a str) {
    match kind {
        Kind::NotFound => {
            ("No such payment link", "Check that the address is complete, or ask the seller for a new one.")
        }
        Kind::NoPage => (words::english().order.no_page_title, words::english().order.no_page_text),
        Kind::Gone => (
            "This link is closed",
            "The seller has withdrawn it, and nothing can be paid here. If you have paid already, contact the seller.",
        ),
        Kind::Expired => {
            ("This link has expired", "It was made too long ago to be paid. Ask the seller for a new one.")
        }
        Kind::Refused { title, text } => (title, text),
        Kind::SoldOut => ("This is sold out", "Somebody else was faster. Nothing was charged."),
        Kind::Busy => {
            ("One moment, please", "Many people are buying right now. Nothing was charged; try again in a minute.")
        }
        Kind::TooMany => (
            "One moment, please",
            "This page was opened too often. Nothing was charged by this; try again in a minute.",
        ),
        Kind::NoPrice => (
            "No price right now",
            "We can't get a fresh exchange rate at the moment. Nothing was charged; try again in a minute.",
        ),
        Kind::NoAnswer => (
            "This can't be paid right now",
            "The payment service doesn't answer at the moment; try again in a minute. If you have paid there already, don't pay again.",
        ),
        Kind::Broken { .. } => (
            "Something broke on our side",
            "Nothing was charged by this. If you have sent a payment already, it is safe: don't send it again.",
        ),
    }
}
