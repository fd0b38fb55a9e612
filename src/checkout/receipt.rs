//! The page of a payment that is complete: what was paid, when and by which transaction, the goods, and the way back.

use maud::{Markup, html};

use super::{
    form,
    layout::name,
    parts::{Mark, copy, facts, heading, mark},
    view::{Goods, Page, Paid},
};
use crate::{shop::order::Delivery, words};

/// Seconds for which the page is shown before it leads back to the shop.
const RETURN: u32 = 5;
/// With goods on it: the buyer has to have the time to copy them.
const RETURN_WITH_GOODS: u32 = 30;

/// Seconds until the page leads back to the shop.
pub fn stay(goods: &Goods) -> u32 {
    if goods.are_here() { RETURN_WITH_GOODS } else { RETURN }
}

pub fn receipt(page: &Page, paid: &Paid) -> Markup {
    let words = page.words;
    let (shop, shop_link) = (name(page.shop), page.contact.named(page.shop));
    html! {
        div.good { (mark(Mark::Done)) }
        @match paid.received {
            Some(received) => (heading("Payment complete", html! { (shop) " has received " (received) "." })),
            None if paid.free => (heading(words.order.complete, html! { (words.order.free) })),
            None => (heading(words.order.complete, words::rich(words.order.accepted, &[("shop", &shop)]))),
        }
        @if paid.late { p.alert.care { "It came after the price had expired, and was accepted." } }
        @if let Some(missing) = paid.short { p.alert.care { "It was " strong { (missing) } " less than the price, and was accepted." } }
        @if let Some(back) = paid.refunded { p.alert.care { strong { (back) } " has gone back to you." } }
        @if let Some(extra) = paid.overpaid {
            p.alert.care { "You sent " strong { (extra) } " too much. Ask " (shop_link) " to send it back, and name your order." }
        }
        @match &paid.goods {
            Goods::Elsewhere(claim) => (elsewhere(page, paid, *claim)),
            Goods::Here { delivery, text, file } => {
                @if let Some(delivery) = delivery { (progress(page, *delivery)) }
                @if let Some(file) = file { a.button #file href=(file) download { (words.order.download) } }
                @if let Some(goods) = text {
                    div.field.goods {
                        h2 #goods { (words.order.your_goods) }
                        (copy("goods", "your goods", goods))
                        pre tabindex="0" role="group" aria-labelledby="goods" { (goods) }
                    }
                }
            }
        }
        @if let Some(url) = paid.return_url { (go_back(page, paid, url)) }
        (facts(page, paid.order_id, html! {
            @if let Some((moment, words)) = paid.date { dt { "Date" } dd { time datetime=(moment) { (words) } } }
            dt { "Price" } dd { (page.price) }
            @if let Some(received) = paid.received { dt { "Paid" } dd { (received) } }
            @if let Some(rate) = paid.rate { dt { (words.order.rate) } dd { (rate) } }
            @if !paid.free { dt { "Paid with" } dd { (paid.gateway) } }
            @for (at, (id, explorer)) in paid.transactions.iter().enumerate() {
                dt { "Transaction" }
                dd.sent {
                    span {
                        @match explorer {
                            // Whoever runs it learns which payment is looked at, and not from where.
                            Some(href) => a href=(href) target="_blank" rel="noopener noreferrer" { code { (id) } },
                            None => code { (id) },
                        }
                    }
                    (copy(&format!("transaction-{at}"), "transaction id", id))
                }
            }
        }))
    }
}

/// On a payment link: what was bought is shown to the buyer alone.
fn elsewhere(page: &Page, paid: &Paid, claim: Option<&form::Form>) -> Markup {
    let words = page.words;
    html! {
        @match claim {
            Some(_) if paid.leaves => p.center { a href={ (page.order_url) "?stay" } { (words.order.open_receipt) } },
            Some(claim) => form method="post" action={ (page.url) "/receipt" } novalidate {
                p.hint { (words.order.claim_hint) }
                (form::line(claim, "email", words.order.email, "email", 254))
                button.button.plain { (words.order.open_receipt) }
            },
            None => p.hint.center { (words::rich(words.order.claim_nobody, &[("shop", &page.contact.named(page.shop))])) },
        }
    }
}

/// How far the delivery is, where the goods aren't all there.
fn progress(page: &Page, delivery: Delivery) -> Markup {
    let words = &page.words.order;
    let shop = page.contact.named(page.shop);
    html! {
        @match delivery {
            Delivery::Delivered => {},
            Delivery::Preparing => p.alert.calm role="status" { (words.preparing) },
            Delivery::Failed => p.alert.care { (words::rich(words.failed, &[("shop", &shop)])) },
            Delivery::OutOfStock => p.alert.care { (words::rich(words.out_of_stock, &[("shop", &shop)])) },
            Delivery::Manual => p.alert.calm { (words::rich(words.manual, &[("shop", &shop)])) },
        }
    }
}

/// The sentence is true without script too: there a refresh in the head does it. Only the script can offer to stay on this page as
/// it is; the link leads to the page that stays.
fn go_back(page: &Page, paid: &Paid, url: &str) -> Markup {
    let (host, seconds) = (paid.shop_return, stay(&paid.goods));
    html! {
        a.button #back href=(url) data-return=[paid.leaves.then_some(seconds)] { "Back to " (host) }
        @if paid.leaves {
            p.hint.center #leaving {
                "Going there in " span data-count { (seconds) } " seconds. "
                button.link type="button" data-stay { "Stay here" }
            }
            @if page.said.is_some() {
                p.center { a href={ (page.order_url) "?stay" } { (page.words.order.stay_for_more) } }
            }
        }
    }
}
