//! The page of a payment that is complete: what was paid, when and by which transaction, the goods, and the way back.

use maud::{Markup, html};

use super::{
    layout::name,
    parts::{Mark, copy, facts, heading, mark},
    view::{Page, Paid},
};
use crate::words::{Words, fill, rich};

/// Seconds for which the page is shown before it leads back to the shop.
const RETURN: u32 = 5;
/// With goods on it: the buyer has to have the time to copy them.
const RETURN_WITH_GOODS: u32 = 30;

/// Seconds until the page leads back to the shop.
pub fn stay(delivered: Option<&str>) -> u32 {
    if delivered.is_some() { RETURN_WITH_GOODS } else { RETURN }
}

pub fn receipt(page: &Page, paid: &Paid) -> Markup {
    let (words, pay) = (page.words, &page.words.pay);
    html! {
        div.good { (mark(Mark::Done)) }
        (heading(pay.complete, rich(pay.has_received, &[("shop", &name(page.shop)), ("sum", &paid.received)])))
        @if paid.late { p.alert.care { (pay.late_accepted) } }
        @if let Some(missing) = paid.short { p.alert.care { (rich(pay.short_accepted, &[("sum", &missing)])) } }
        @if let Some(back) = paid.refunded { p.alert.care { (rich(pay.gone_back, &[("sum", &back)])) } }
        @if let Some(extra) = paid.overpaid {
            p.alert.care { (rich(pay.too_much, &[("sum", &extra), ("shop", &page.contact.named(page.shop))])) }
        }
        @if let Some(goods) = paid.delivered {
            div.field.goods {
                h2 #goods { (pay.your_goods) }
                (copy(words, "goods", pay.copy_goods, goods))
                pre tabindex="0" role="group" aria-labelledby="goods" { (goods) }
            }
        }
        @if let Some(url) = paid.return_url { (go_back(words, url, paid.shop_return, stay(paid.delivered))) }
        (facts(page, paid.order_id, html! {
            @if let Some((moment, words)) = paid.date { dt { (pay.date) } dd { time datetime=(moment) { (words) } } }
            dt { (pay.price) } dd { (page.price) }
            dt { (pay.paid) } dd { (paid.received) }
            dt { (pay.paid_with) } dd { (paid.gateway) }
            @for (at, id) in paid.transactions.iter().enumerate() {
                dt { (pay.transaction) }
                dd.sent { span { code { (id) } } (copy(words, &format!("transaction-{at}"), pay.copy_transaction, id)) }
            }
        }))
    }
}

/// The sentence is true without script too: there a refresh in the head does it. Only the script can offer to stay.
fn go_back(words: &Words, url: &str, host: &str, seconds: u32) -> Markup {
    let pay = &words.pay;
    html! {
        a.button #back href=(url) data-return=(seconds) { (fill(pay.back_to, &[("host", host)])) }
        p.hint.center #leaving {
            (rich(pay.going_there, &[("count", &html! { span data-count { (seconds) } })])) " "
            button.link type="button" data-stay { (pay.stay_here) }
        }
    }
}
