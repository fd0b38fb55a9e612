//! The page of a payment that is complete: what was paid, when and by which transaction, the goods, and the way back.

use maud::{Markup, html};

use super::{
    form,
    layout::name,
    parts::{Mark, copy, facts, heading, mark},
    view::{Goods, Page, Paid},
};
use crate::{
    shop::order::Delivery,
    words::{fill, rich},
};

/// Seconds for which the page is shown before it leads back to the shop.
const RETURN: u32 = 5;
/// With goods on it: the buyer has to have the time to copy them.
const RETURN_WITH_GOODS: u32 = 30;

/// Seconds until the page leads back to the shop.
pub fn stay(goods: &Goods) -> u32 {
    if goods.are_here() { RETURN_WITH_GOODS } else { RETURN }
}

pub fn receipt(page: &Page, paid: &Paid) -> Markup {
    let (words, pay) = (page.words, &page.words.pay);
    let (shop, shop_link) = (name(page.shop), page.contact.named(page.shop));
    html! {
        div.good { (mark(Mark::Done)) }
        @match paid.received {
            Some(received) => (heading(pay.complete, rich(pay.has_received, &[("shop", &shop), ("sum", &received)]))),
            None if paid.free => (heading(words.order.complete, html! { (words.order.free) })),
            None => (heading(words.order.complete, rich(words.order.accepted, &[("shop", &shop)]))),
        }
        @if paid.late { p.alert.care { (pay.late_accepted) } }
        @if let Some(missing) = paid.short { p.alert.care { (rich(pay.short_accepted, &[("sum", &missing)])) } }
        @if let Some(back) = paid.refunded { p.alert.care { (rich(pay.gone_back, &[("sum", &back)])) } }
        @if let Some(extra) = paid.overpaid {
            p.alert.care { (rich(pay.too_much, &[("sum", &extra), ("shop", &shop_link)])) }
        }
        @match &paid.goods {
            Goods::Elsewhere(claim) => (elsewhere(page, paid, *claim)),
            Goods::Here { delivery, text, file } => {
                @if let Some(delivery) = delivery { (progress(page, *delivery)) }
                @if let Some(file) = file { a.button #file href=(file) download { (words.order.download) } }
                @if let Some(goods) = text {
                    div.field.goods {
                        h2 #goods { (pay.your_goods) }
                        (copy(words, "goods", pay.copy_goods, goods))
                        pre tabindex="0" role="group" aria-labelledby="goods" { (goods) }
                    }
                }
            }
        }
        @if let Some(url) = paid.return_url { (go_back(page, paid, url)) }
        (facts(page, paid.order_id, html! {
            @if let Some((moment, words)) = paid.date { dt { (pay.date) } dd { time datetime=(moment) { (words) } } }
            dt { (pay.price) } dd { (page.price) }
            @if let Some(received) = paid.received { dt { (pay.paid) } dd { (received) } }
            @if let Some(rate) = paid.rate { dt { (pay.rate) } dd { (rate) } }
            @if paid.received.is_some() { dt { (pay.paid_with) } dd { (paid.gateway) } }
            @for (at, (id, explorer)) in paid.transactions.iter().enumerate() {
                dt { (pay.transaction) }
                dd.sent {
                    span {
                        @match explorer {
                            // Whoever runs it learns which payment is looked at, and not from where.
                            Some(href) => a href=(href) target="_blank" rel="noopener noreferrer" { code { (id) } },
                            None => code { (id) },
                        }
                    }
                    (copy(words, &format!("transaction-{at}"), pay.copy_transaction, id))
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
                (form::line(claim, "email", words.pay.email, "email", 254))
                button.button.plain { (words.order.open_receipt) }
            },
            None => p.hint.center { (rich(words.order.claim_nobody, &[("shop", &page.contact.named(page.shop))])) },
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
            Delivery::Preparing => {
                p.alert.calm role="status" { (words.preparing) }
                noscript { a.button.plain href=(page.order_url) { (words.look_again) } }
                @if !page.stays { p.center { a href={ (page.order_url) "?stay" } { (words.stay_for_more) } } }
            },
            Delivery::Failed => p.alert.care { (rich(words.failed, &[("shop", &shop)])) },
            Delivery::OutOfStock => p.alert.care { (rich(words.out_of_stock, &[("shop", &shop)])) },
            Delivery::Manual => p.alert.calm { (rich(words.manual, &[("shop", &shop)])) },
        }
    }
}

/// The sentence is true without script too: there a refresh in the head does it. Only the script can offer to stay on this page as
/// it is; the link leads to the page that stays.
fn go_back(page: &Page, paid: &Paid, url: &str) -> Markup {
    let (host, seconds, pay) = (paid.shop_return, stay(&paid.goods), &page.words.pay);
    html! {
        a.button #back href=(url) data-return=[paid.leaves.then_some(seconds)] { (fill(pay.back_to, &[("host", host)])) }
        @if paid.leaves {
            p.hint.center #leaving {
                (rich(pay.going_there, &[("count", &html! { span data-count { (seconds) } })])) " "
                button.link type="button" data-stay { (pay.stay_here) }
            }
            @if page.said.is_some() {
                p.center { a href={ (page.order_url) "?stay" } { (page.words.order.stay_for_more) } }
            }
        }
    }
}
