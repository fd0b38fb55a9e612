//! The page of a payment that is complete: what was paid, when and by which transaction, the goods, and the way back.

use maud::{Markup, html};

use super::{
    layout::name,
    parts::{Mark, copy, facts, heading, mark},
    view::{Page, Paid},
};

/// Seconds for which the page is shown before it leads back to the shop.
const RETURN: u32 = 5;
/// With goods on it: the buyer has to have the time to copy them.
const RETURN_WITH_GOODS: u32 = 30;

/// Seconds until the page leads back to the shop.
pub fn stay(delivered: Option<&str>) -> u32 {
    if delivered.is_some() { RETURN_WITH_GOODS } else { RETURN }
}

pub fn receipt(page: &Page, paid: &Paid) -> Markup {
    html! {
        div.good { (mark(Mark::Done)) }
        (heading("Payment complete", html! { (name(page.shop)) " has received " (paid.received) "." }))
        @if paid.late { p.alert.care { "It came after the price had expired, and was accepted." } }
        @if let Some(missing) = paid.short { p.alert.care { "It was " strong { (missing) } " less than the price, and was accepted." } }
        @if let Some(back) = paid.refunded { p.alert.care { strong { (back) } " has gone back to you." } }
        @if let Some(extra) = paid.overpaid {
            p.alert.care { "You sent " strong { (extra) } " too much. Ask " (page.contact.named(page.shop)) " to send it back, and name your order." }
        }
        @if let Some(goods) = paid.delivered {
            div.field.goods {
                h2 #goods { "Your goods" }
                (copy("goods", "your goods", goods))
                pre tabindex="0" role="group" aria-labelledby="goods" { (goods) }
            }
        }
        @if let Some(url) = paid.return_url { (go_back(url, paid.shop_return, stay(paid.delivered))) }
        (facts(page, paid.order_id, html! {
            @if let Some((moment, words)) = paid.date { dt { "Date" } dd { time datetime=(moment) { (words) } } }
            dt { "Price" } dd { (page.price) }
            dt { "Paid" } dd { (paid.received) }
            dt { "Paid with" } dd { (paid.gateway) }
            @for (at, id) in paid.transactions.iter().enumerate() {
                dt { "Transaction" }
                dd.sent { span { code { (id) } } (copy(&format!("transaction-{at}"), "transaction id", id)) }
            }
        }))
    }
}

/// The sentence is true without script too: there a refresh in the head does it. Only the script can offer to stay.
fn go_back(url: &str, host: &str, seconds: u32) -> Markup {
    html! {
        a.button #back href=(url) data-return=(seconds) { "Back to " (host) }
        p.hint.center #leaving {
            "Going there in " span data-count { (seconds) } " seconds. "
            button.link type="button" data-stay { "Stay here" }
        }
    }
}
