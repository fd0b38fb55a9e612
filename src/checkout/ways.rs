//! The page of a link that has no order yet: the button that starts it, and what is asked before that.

use maud::{Markup, html};

use super::{
    form::problem_id,
    layout::name,
    parts::{flip, heading},
    view::{Page, Start, Way},
};
use crate::words::{Pay, fill, rich};

pub fn start(page: &Page, start: &Start) -> Markup {
    match start.ways.as_slice() {
        [way] => one(page, start, way),
        _ => several(page, start),
    }
}

/// `data-auto` lets the script press the button for the buyer. Not after an error: it would press for ever.
fn one(page: &Page, start: &Start, way: &Way) -> Markup {
    let pay = &page.words.pay;
    html! {
        @let title = if start.free { pay.free_title.to_owned() } else { with(pay, way.gateway, way.means) };
        (heading(&title, html! {
            @if start.asks.is_some() {
                (rich(pay.asks_email, &[("shop", &name(page.shop))]))
            } @else if start.free { (pay.free_text) } @else {
                (next(pay, way))
            }
        }))
        (bad_email(page, start))
        form method="post" action=(page.url) data-swap data-auto[start.asks.is_none() && start.bad_email.is_none()] {
            (email(pay, start))
            button.button { (flip(pay.go_on, pay.one_moment)) }
        }
        @if !start.free { p.hint.center { (pay.nothing_charged_yet) } }
    }
}

fn several(page: &Page, start: &Start) -> Markup {
    let (pay, bad) = (&page.words.pay, start.bad_gateway);
    html! {
        (heading(pay.choose_title, html! {
            @if start.asks.is_some() {
                (rich(pay.asks_email, &[("shop", &name(page.shop))]))
            } @else {
                (pay.choose_text)
            }
        }))
        (bad_email(page, start))
        @if start.chosen.is_none() && bad.is_none() { p.alert.care role="alert" { (pay.no_way_open) } }
        form method="post" action=(page.url) data-swap {
            (email(pay, start))
            fieldset.ways aria-describedby=[bad.map(|_| problem_id("gateway"))] {
                legend { (page.words.shop.pay_with) }
                @if let Some(why) = bad { p.alert id=(problem_id("gateway")) role="alert" { (why) } }
                @for way in &start.ways { (choice(pay, start, way)) }
            }
            @if start.chosen.is_some() {
                button.button { (flip(pay.go_on, pay.one_moment)) }
            } @else {
                a.button href=(page.url) { (pay.try_again) }
            }
        }
        p.hint.center { (pay.nothing_charged_yet) }
    }
}

/// A way to pay, with what happens next or why it can't be taken.
fn choice(pay: &Pay, start: &Start, way: &Way) -> Markup {
    let id = format!("way-{}", way.slug);
    html! {
        label.choice.off[way.closed.is_some()] {
            input type="radio" name="gateway" id=(id) value=(way.slug) required disabled[way.closed.is_some()]
                checked[start.chosen == Some(way.slug)]
                aria-labelledby={ (id) "-name" } aria-describedby={ (id) "-next" };
            span {
                span.way id={ (id) "-name" } { (label(pay, way)) }
                span.hint id={ (id) "-next" } {
                    @match way.closed {
                        Some(why) => (why),
                        None => (next(pay, way)),
                    }
                }
            }
        }
    }
}

/// "Bitcoin", "Card (Stripe)"
fn label(pay: &Pay, way: &Way) -> String {
    match way.means {
        None => way.gateway.to_owned(),
        Some("card") => format!("{} ({})", pay.card_title, way.gateway),
        Some(means) => format!("{means} ({})", way.gateway),
    }
}

fn next(pay: &Pay, way: &Way) -> String {
    match way.leaves {
        true => fill(pay.pay_there, &[("gateway", way.gateway)]),
        false => pay.amount_next.to_owned(),
    }
}

fn bad_email(page: &Page, start: &Start) -> Markup {
    html! {
        @if let Some(why) = start.bad_email {
            // Whoever pays for somebody else, or mistyped their address at first, can go on without it.
            @let link = html! { a href=(page.order_url) { (page.words.pay.see_payment) } };
            p.alert #error role="alert" { (rich(why, &[("link", &link)])) }
        }
    }
}

/// With what was typed so far.
fn email(pay: &Pay, start: &Start) -> Markup {
    let bad = start.bad_email.is_some();
    html! {
        @if let Some(typed) = start.asks {
            label for="email" { (pay.email) }
            input #email name="email" type="email" value=[(!typed.is_empty()).then_some(typed)] required maxlength="254" inputmode="email" autocomplete="email"
                autocapitalize="none" spellcheck="false" placeholder=(pay.email_example)
                aria-invalid=[bad.then_some("true")] aria-describedby=(if bad { "error mail" } else { "mail" });
            p.hint #mail { (pay.email_hint) }
        }
    }
}

/// "Pay with Bitcoin", "Pay by card"
pub fn with(pay: &Pay, gateway: &str, means: Option<&str>) -> String {
    match means {
        None => fill(pay.pay_with, &[("gateway", gateway)]),
        Some("card") => fill(pay.pay_by, &[("means", pay.card)]),
        Some(means) => fill(pay.pay_by, &[("means", means)]),
    }
}
