//! Pages that end the matter: no such link, a withdrawn one, and our own failures, which say that no money is lost.

use maud::{Markup, html};

use super::{
    contact::Contact,
    layout::{Frame, layout},
    parts::{Mark, heading, mark, summary},
};
use crate::words::{Words, fill, rich};

pub struct Notice<'a> {
    pub words: &'static Words,
    pub brand: &'a str,
    /// What is known of the payment, the order or the thread whose address it is.
    pub about: Option<About<'a>>,
    pub kind: Kind<'a>,
    /// Where "Try again" leads; without it there is no such button.
    pub again: Option<&'a str>,
}

pub struct About<'a> {
    pub shop: &'a str,
    /// `None` where it may not be told.
    pub bought: Option<Bought<'a>>,
    pub test: bool,
    /// There may be one.
    pub order_id: Option<String>,
    pub contact: Contact,
    /// Where the shop's name leads.
    pub home: Option<String>,
}

pub struct Bought<'a> {
    pub title: &'a str,
    pub quantity: u32,
    pub price: String,
}

/// The order form of a product, filled in as it was but for the coupon.
pub struct Anew {
    /// Without the coupon.
    pub price: String,
    /// The product's page.
    pub page: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
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
    /// The seller's rules refuse this buyer, under this number.
    Blocked {
        reference: String,
    },
    /// Somebody else has bought the last of it.
    SoldOut,
    /// Its coupon was used up since the link was made, or since the order was.
    CouponGone {
        anew: Option<Anew>,
    },
    /// The form was more than is read.
    TooLarge,
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
    /// Only the seller can help: the page says how to reach them. What isn't there may have been theirs.
    pub fn asks_the_seller(&self) -> bool {
        use Kind::{Blocked, CouponGone, Expired, Gone, NoPage, Refused, SoldOut};
        matches!(self, NoPage | Gone | Expired | SoldOut | CouponGone { .. } | Refused { .. } | Blocked { .. })
    }

    pub fn status(&self) -> u16 {
        match self {
            Kind::NotFound | Kind::NoPage => 404,
            Kind::Gone | Kind::Expired => 410,
            Kind::Refused { .. } | Kind::Blocked { .. } => 403,
            Kind::SoldOut | Kind::CouponGone { .. } => 409,
            Kind::TooLarge => 413,
            Kind::TooMany => 429,
            Kind::Busy | Kind::NoPrice | Kind::NoAnswer => 503,
            Kind::Broken { .. } => 500,
        }
    }
}

pub fn document(notice: &Notice) -> Markup {
    let pay = &notice.words.pay;
    let (title, text) = texts(&notice.kind, notice.words);
    let about = notice.about.as_ref();
    let bought = about.and_then(|about| about.bought.as_ref());
    let (shop, test) = (about.map(|about| about.shop), about.is_some_and(|about| about.test));
    let home = about.and_then(|about| about.home.as_deref());
    layout(
        &Frame { words: notice.words, brand: notice.brand, shop, title, test, home, refresh: None },
        html! {
            main #pay .lone[bought.is_none()] data-revision={ (notice.kind.status()) "-notice" } {
                @if let Some(bought) = bought { (summary(notice.words, bought.title, bought.quantity, &bought.price)) }
                section.card aria-labelledby="state" {
                    (mark(Mark::Care))
                    (heading(title, html! {
                        @match &notice.kind {
                            Kind::Blocked { reference } => (rich(text, &[("reference", &html! { strong { (reference) } })])),
                            Kind::CouponGone { anew: Some(anew) } => (fill(text, &[("price", &anew.price)])),
                            _ => (text),
                        }
                    }))
                    @if let Kind::CouponGone { anew: Some(anew) } = &notice.kind {
                        form method="post" action=(anew.page) {
                            @for (name, value) in &anew.fields { input type="hidden" name=(name) value=(value); }
                            button.button { (pay.coupon_go) }
                        }
                    }
                    @if let Some(url) = notice.again { a.button href=(url) { (pay.try_again) } }
                    @if let Kind::Broken { request_id } = notice.kind {
                        dl { dt { (pay.request) } dd { (request_id) } }
                    } @else if let Some(about) = about.filter(|_| notice.kind.asks_the_seller()) {
                        dl {
                            @if let Some(id) = &about.order_id { dt { (pay.order) } dd { (id) } }
                            (about.contact.row(notice.words))
                        }
                    }
                }
            }
        },
    )
}

fn texts<'a>(kind: &Kind<'a>, words: &'static Words) -> (&'a str, &'a str) {
    let pay = &words.pay;
    match kind {
        Kind::NotFound => (pay.not_found_title, pay.not_found_text),
        Kind::NoPage => (words.order.no_page_title, words.order.no_page_text),
        Kind::Gone => (pay.link_closed_title, pay.link_closed_text),
        Kind::Expired => (pay.link_expired_title, pay.link_expired_text),
        Kind::Refused { title, text } => (title, text),
        Kind::Blocked { .. } => (pay.blocked_title, pay.blocked_text),
        Kind::SoldOut => (pay.sold_out_title, pay.sold_out_text),
        Kind::CouponGone { anew: None } => (pay.coupon_title, pay.coupon_text),
        Kind::CouponGone { anew: Some(_) } => (pay.coupon_title, pay.coupon_without),
        Kind::TooLarge => (words.shop.too_large, words.shop.too_large_text),
        Kind::Busy => (pay.busy_title, pay.busy_text),
        Kind::TooMany => (pay.too_many_title, pay.too_many_text),
        Kind::NoPrice => (pay.no_price_title, pay.no_price_text),
        Kind::NoAnswer => (pay.no_answer_title, pay.no_answer_text),
        Kind::Broken { .. } => (pay.broken_title, pay.broken_text),
    }
}
