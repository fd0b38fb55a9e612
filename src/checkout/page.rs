//! The pay page: what is bought beside how it is paid, one function for each state of the payment.

use crate::checkout::frame::{Frame, Mark, copy, flip, layout, mark, name};
use crate::checkout::invoice::{clock, count, details, invoice, simulate, steps};
use crate::checkout::view::{Invoice, Page, State};
use maud::{Markup, html};

/// A page with goods on it stays longer: the buyer has to have the time to copy them.
const RETURN: u32 = 5;
const RETURN_WITH_GOODS: u32 = 30;
const LOOK_AGAIN: u32 = 15;

pub fn document(page: &Page) -> Markup {
    let title = title(page);
    let frame =
        Frame { brand: page.brand, shop: Some(page.shop), title: &title, test: page.test, refresh: refresh(page) };
    layout(&frame, main(page))
}

/// All that changes. Whoever has the page already may be given this alone.
pub fn main(page: &Page) -> Markup {
    let (live, state) =
        (format!("{}/live", page.url), format!("{}/order{}", page.url, if is_back(page) { "?news=back" } else { "" }));
    let start = matches!(page.state, State::Start { .. });
    html! {
        main #pay data-revision=(page.tag()) data-start[start]
            data-live=[page.state.live().then_some(live)] data-state=[page.state.live().then_some(state)] {
            (summary(page))
            div {
                section.card aria-labelledby="state" {
                    (panel(page))
                    @if page.strange {
                        p.alert.care { "Money has come in another currency than the price's, and isn't counted. Ask " (name(page.shop)) " about it, and name your order." }
                    }
                }
                (simulate(page, choices(&page.state)))
            }
        }
    }
}

/// It is also what a tab in the background shows, so it leads with the news.
fn title(page: &Page) -> String {
    match &page.state {
        State::Paid { .. } => "✓ Paid".to_string(),
        State::Partial { invoice, .. } => format!("Send {} {} more", invoice.due, invoice.symbol),
        State::Confirming { .. } => "Payment seen".to_string(),
        State::Expired { received, restart, .. } => ended(*received, *restart).to_string(),
        State::HighRisk { .. } => "Payment in review".to_string(),
        State::Reversed { vanished: true, .. } => "Payment vanished".to_string(),
        State::Reversed { .. } => "Payment reversed".to_string(),
        State::Refunded { .. } => "Payment refunded".to_string(),
        State::Pending { .. } => "Payment pending".to_string(),
        State::Start { .. } | State::Leaving { .. } | State::Away { .. } | State::Waiting { .. } => {
            format!("Pay {}", page.price)
        }
    }
}

fn refresh(page: &Page) -> Option<(u32, String)> {
    match &page.state {
        State::Paid { return_url: Some(url), delivered, .. } => Some((stay(*delivered), url.to_string())),
        State::Leaving { href, .. } => Some((0, href.to_string())),
        State::Waiting { .. } | State::Partial { .. } | State::Confirming { .. } | State::Away { .. } => {
            Some((LOOK_AGAIN, format!("{}/order?news{}", page.url, if is_back(page) { "=back" } else { "" })))
        }
        _ => None,
    }
}

/// Who has come back having paid is not sent to pay again while he waits for the news.
fn is_back(page: &Page) -> bool {
    matches!(page.state, State::Away { back: true, .. })
}

fn stay(delivered: Option<&str>) -> u32 {
    if delivered.is_some() { RETURN_WITH_GOODS } else { RETURN }
}

fn summary(page: &Page) -> Markup {
    html! {
        section.summary aria-label="Your order" {
            p.item {
                (name(page.title))
                @if page.quantity > 1 { span.hint { " × " (page.quantity) } }
            }
            p.price { (page.price) }
        }
    }
}

fn panel(page: &Page) -> Markup {
    match &page.state {
        State::Start { gateway, means, leaves, needs_email, error } => {
            start(page, &with(gateway, *means), leaves.then_some(*gateway), *needs_email, *error)
        }
        State::Leaving { gateway, href } => leaving(gateway, href),
        State::Away { gateway, means, href, order_id, back } => {
            away(page, gateway, &with(gateway, *means), href, order_id, *back)
        }
        State::Pending { gateway, order_id } => pending(page, gateway, order_id),
        State::Waiting { invoice, seconds_left } => waiting(page, invoice, *seconds_left),
        State::Partial { .. } => partial(page),
        State::Confirming { invoice, seen, needed } => confirming(page, invoice, *seen, *needed),
        State::Paid { .. } => paid(page),
        State::Expired { received, order_id, restart } => expired(page, *received, order_id, *restart),
        State::Reversed { order_id, vanished } => reversed(page, order_id, *vanished),
        State::HighRisk { order_id } => review(page, order_id),
        State::Refunded { order_id } => refunded(page, order_id),
    }
}

/// The heading takes the focus when what had it is swapped away, and `.state` is what the script reads out.
pub fn heading(title: &str, text: Markup) -> Markup {
    html! {
        div.state {
            h1 #state tabindex="-1" { (title) }
            p { (text) }
        }
    }
}

/// `data-auto` lets the script press the button for the buyer. Not after an error: it would press for ever.
fn start(page: &Page, title: &str, there: Option<&str>, needs_email: bool, error: Option<&str>) -> Markup {
    html! {
        (heading(title, html! {
            @if needs_email {
                "Where should we send your order?"
            } @else if let Some(gateway) = there {
                "You pay at " (gateway) " and come back here."
            } @else {
                "Next you get the exact amount and where to send it."
            }
        }))
        @if let Some(error) = error { p.alert #error role="alert" { (error) } }
        form method="post" action=(page.url) data-swap data-auto[!needs_email && error.is_none()] {
            @if needs_email {
                label for="email" { "E-mail" }
                input #email name="email" type="email" required maxlength="254" inputmode="email" autocomplete="email"
                    autocapitalize="none" spellcheck="false" placeholder="you@example.com"
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "error")];
            }
            button.button { (flip("Continue", "One moment…")) }
        }
        p.hint.center { "Nothing is charged yet." }
    }
}

fn with(gateway: &str, means: Option<&str>) -> String {
    means.map_or_else(|| format!("Pay with {gateway}"), |means| format!("Pay by {means}"))
}

fn leaving(gateway: &str, href: &str) -> Markup {
    html! {
        (heading(&format!("Taking you to {gateway}"), html! { "You pay there and come back here." }))
        a.button data-return="0" href=(href) { "Continue to " (gateway) }
    }
}

fn away(page: &Page, gateway: &str, title: &str, href: &str, order_id: &str, back: bool) -> Markup {
    html! {
        @if back {
            (mark(Mark::Work))
            (heading(&format!("Waiting for {gateway}"), html! { "They tell us as soon as your payment is through. This page updates itself." }))
            p.hint.center { "There is no need to pay again. Not finished? " a href=(href) { "Go back to " (gateway) } "." }
        } @else {
            (heading(title, html! { "You pay at " (gateway) " and come back here. This page updates itself." }))
            a.button href=(href) { "Continue to " (gateway) }
            p.hint.center { "Paid already? Don't pay again: it shows here in a moment." }
        }
        (look_again(page))
        (order(order_id))
    }
}

fn pending(page: &Page, gateway: &str, order_id: &str) -> Markup {
    html! {
        (mark(Mark::Time))
        (heading("Payment pending", html! { (gateway) " has your payment and still has to clear it. That can take some days." }))
        p.hint.center { "There is nothing left to do, and no need to pay again. This page shows the result." }
        (look_again(page))
        (order(order_id))
    }
}

fn waiting(page: &Page, owed: &Invoice, seconds: u64) -> Markup {
    html! {
        div.head {
            (heading("Waiting for payment", html! { "This page updates itself." }))
            (clock(seconds))
        }
        (steps(0))
        (invoice(owed))
        (look_again(page))
        (details(owed, false))
    }
}

fn partial(page: &Page) -> Markup {
    let State::Partial { invoice: owed, seconds_left, received, confirming, late } = &page.state else {
        return html! {};
    };
    let symbol = owed.symbol;
    html! {
        div.head {
            (heading(&format!("Send {} {symbol} more", owed.due), html! { "Your first payment was less than the price." }))
            (clock(*seconds_left))
        }
        p.alert.care {
            strong { (received) " " (symbol) } " has arrived" @if *confirming { " and is being confirmed" } "."
            @if *late { " It came after the price had expired, and counts at the rate of its time." }
            " Send the rest to the same address; the code below is made for it."
        }
        (invoice(owed))
        (look_again(page))
        (details(owed, false))
    }
}

fn confirming(page: &Page, owed: &Invoice, seen: u32, needed: u32) -> Markup {
    html! {
        (mark(Mark::Work))
        (heading("Payment seen", html! {
            @if seen == 0 { "Waiting for the first confirmation." } @else { (seen) " of " (count(needed, "confirmation")) "." }
        }))
        (steps(1))
        div.meter {
            label for="progress" { "Confirmations" }
            span { (seen) " of " (needed) }
            progress #progress max=(needed.max(1)) value=(seen) {}
        }
        p.hint.center { "There is nothing left to do. Leave this page open, or come back to it later." }
        (look_again(page))
        (details(owed, true))
    }
}

fn paid(page: &Page) -> Markup {
    let State::Paid {
        gateway,
        received,
        order_id,
        overpaid,
        short,
        refunded,
        late,
        return_url,
        shop_return,
        delivered,
    } = &page.state
    else {
        return html! {};
    };
    html! {
        div.good { (mark(Mark::Done)) }
        (heading("Payment complete", html! { (name(page.shop)) " has received " (received) "." }))
        @if *late { p.alert.care { "It came after the price had expired, and was accepted." } }
        @if let Some(missing) = short { p.alert.care { "It was " strong { (missing) } " less than the price, and was accepted." } }
        @if let Some(back) = refunded { p.alert.care { (name(page.shop)) " has sent " strong { (back) } " back." } }
        @if let Some(extra) = overpaid {
            p.alert.care { "You sent " strong { (extra) } " too much. Ask " (name(page.shop)) " to send it back, and name your order." }
        }
        @if let Some(goods) = delivered {
            div.field.goods {
                h2 #goods { "Your goods" }
                (copy("goods", "your goods", goods))
                pre tabindex="0" role="group" aria-labelledby="goods" { (goods) }
            }
        }
        @if let Some(url) = return_url { (go_back(url, shop_return, stay(*delivered))) }
        dl {
            dt { "Order" } dd { (order_id) }
            dt { "Paid with" } dd { (gateway) }
        }
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

fn ended(received: Option<&str>, restart: bool) -> &'static str {
    match (restart, received) {
        (true, _) => "This price has expired",
        (false, None) => "This payment has expired",
        (false, Some(_)) => "A part has arrived",
    }
}

fn expired(page: &Page, received: Option<&str>, order_id: &str, restart: bool) -> Markup {
    html! {
        (mark(Mark::Time))
        (heading(ended(received, restart), html! {
            @if let Some(sum) = received {
                // On a gateway's books parts don't add up: they may come to the price.
                "We received " (sum) @if restart { ", which is less than the price." } @else { ", but not the whole price in one payment." }
            } @else { "No payment has arrived." }
        }))
        @if received.is_some() {
            p.alert.care {
                "Your money is not lost. "
                @if restart { "Send the rest at a new price, or contact " } @else { "Contact " }
                (name(page.shop)) " and name your order: they can finish it or send the money back."
            }
        } @else {
            p.alert.care { strong { "Already sent?" } " Don't send again. This page changes as soon as your payment arrives." }
            @if !restart { p.hint.center { "Not paid yet? Ask " (name(page.shop)) " for a new link." } }
        }
        @if restart {
            form method="post" action={ (page.url) "/order" } data-swap {
                input type="hidden" name="action" value="requote";
                button.button { (flip("Get a new price", "One moment…")) }
            }
        } @else if received.is_none() {
            p.hint.center { "To pay now, ask " (name(page.shop)) " for a new link." }
        }
        (look_again(page))
        (order(order_id))
    }
}

fn reversed(page: &Page, order_id: &str, vanished: bool) -> Markup {
    html! {
        div.bad { (mark(Mark::Care)) }
        @if vanished {
            (heading("Payment vanished", html! { "Your payment was here, and is on the chain no more: it was replaced, or its block was." }))
            p.alert.care { "Don't send it again. If it comes back, this page shows it; if not, contact " (name(page.shop)) " and name your order." }
        } @else {
            (heading("Payment reversed", html! { "The payment was taken back, so this order is not paid." }))
            p.alert.care { "If that wasn't you, contact " (name(page.shop)) " and name your order." }
        }
        (order(order_id))
    }
}

fn review(page: &Page, order_id: &str) -> Markup {
    html! {
        (mark(Mark::Time))
        (heading("Payment in review", html! { "Your payment has arrived. " (name(page.shop)) " looks at it before handing out the goods." }))
        p.hint.center { "There is nothing left to do, and no need to pay again. This page shows the result." }
        (look_again(page))
        (order(order_id))
    }
}

fn refunded(page: &Page, order_id: &str) -> Markup {
    html! {
        div.good { (mark(Mark::Done)) }
        (heading("Payment refunded", html! { (name(page.shop)) " has sent your money back. It can take a while to reach you." }))
        (order(order_id))
    }
}

fn order(id: &str) -> Markup {
    html! { dl { dt { "Order" } dd { (id) } } }
}

/// With script the page follows by itself.
fn look_again(page: &Page) -> Markup {
    let back = if is_back(page) { "?back=paid" } else { "" };
    html! { noscript { a.button.plain href={ (page.url) "/order" (back) } { "Check for my payment" } } }
}

/// What could happen next, for a page that only plays.
fn choices(state: &State) -> &'static [(&'static str, &'static str, Option<&'static str>)] {
    match state {
        State::Waiting { .. } => &[
            ("Pay exactly", "pay", Some("exact")),
            ("Pay a part", "pay", Some("partial")),
            ("Pay too much", "pay", Some("over")),
        ],
        State::Partial { .. } => &[
            ("Pay the rest", "pay", Some("exact")),
            ("Pay too much", "pay", Some("over")),
            ("Next block", "block", None),
        ],
        State::Confirming { .. } => &[("Next block", "block", None), ("Double spend", "double_spend", None)],
        State::Expired { restart: true, .. } => &[("Pay late", "pay", Some("late"))],
        _ => &[],
    }
}
