//! The pay page: what is bought beside how it is paid, one function for each state of the payment.

use maud::{Markup, html};

use super::{
    feedback,
    invoice::{clock, details, invoice, simulate, steps},
    layout::{Frame, layout, name},
    parts::{Mark, count, facts, flip, heading, mark, summary},
    question,
    receipt::{receipt, stay},
    view::{Again, Invoice, Page, Paid, State},
};

const LOOK_AGAIN: u32 = 15;

pub fn document(page: &Page) -> Markup {
    let title = title(page);
    let frame =
        Frame { brand: page.brand, shop: Some(page.shop), title: &title, test: page.test, refresh: refresh(page) };
    layout(&frame, main(page))
}

/// All that changes. Whoever has the page already may be given this alone.
pub fn main(page: &Page) -> Markup {
    let query = match () {
        () if is_back(page) => "?news=back",
        () if page.stays => "?stay",
        () => "",
    };
    let (live, state) = (format!("{}/live", page.url), format!("{}{query}", page.order_url));
    let start = matches!(page.state, State::Start { .. });
    html! {
        main #pay data-revision=(page.tag()) data-start[start]
            data-live=[page.state.live().then_some(live)] data-state=[page.state.live().then_some(state)] {
            (summary(page.title, page.quantity, page.price))
            div {
                section.card aria-labelledby="state" {
                    (panel(page))
                    @if page.wrong_currency {
                        p.alert.care { "Money has come in another currency than the price's, and isn't counted. Ask " (page.contact.named(page.shop)) " about it, and name your order." }
                    }
                }
                (simulate(page, choices(&page.state)))
                @if let Some(said) = page.said.as_ref().filter(|_| is_quiet(page)) {
                    @if let Some(opinion) = &said.feedback { (feedback::card(page, opinion)) }
                    (question::card(page, said))
                }
            }
        }
    }
}

/// Whether the page stays as it is for long enough to write on it.
fn is_quiet(page: &Page) -> bool {
    match &page.state {
        State::Paid(paid) => !paid.leaves,
        state => !state.live() || matches!(state, State::HighRisk { .. }),
    }
}

/// It is also what a tab in the background shows, so it leads with the news.
fn title(page: &Page) -> String {
    match &page.state {
        State::Paid(_) => "✓ Paid".to_string(),
        State::Partial { invoice, .. } => format!("Send {} {} more", invoice.due, invoice.symbol),
        State::Confirming { .. } => "Payment seen".to_string(),
        State::Expired { received, restart, .. } => ended(*received, *restart).to_string(),
        State::HighRisk { .. } => "Payment in review".to_string(),
        State::Reversed { vanished: true, .. } => "Payment vanished".to_string(),
        State::Reversed { .. } => "Payment reversed".to_string(),
        State::Refunded { .. } => "Payment refunded".to_string(),
        State::Pending { .. } => "Payment pending".to_string(),
        State::Again { declined: true, .. } => "Payment declined".to_string(),
        State::Again { .. } => "Payment not finished".to_string(),
        State::Start { .. } | State::Leaving { .. } | State::Away { .. } | State::Waiting { .. } => {
            format!("Pay {}", page.price)
        }
    }
}

fn refresh(page: &Page) -> Option<(u32, String)> {
    match &page.state {
        State::Paid(Paid { return_url: Some(url), leaves: true, goods, .. }) => Some((stay(goods), url.to_string())),
        State::Paid(_) if page.state.live() && page.said.as_ref().is_none_or(|said| said.feedback.is_none()) => {
            Some((LOOK_AGAIN, format!("{}?news", page.order_url)))
        }
        State::Leaving { href, .. } => Some((0, href.to_string())),
        State::Waiting { .. } | State::Partial { .. } | State::Confirming { .. } | State::Away { .. } => {
            Some((LOOK_AGAIN, format!("{}?news{}", page.order_url, if is_back(page) { "=back" } else { "" })))
        }
        _ => None,
    }
}

/// A buyer who has come back having paid is not sent to pay again while they wait for the news.
fn is_back(page: &Page) -> bool {
    matches!(page.state, State::Away { back: true, .. })
}

fn panel(page: &Page) -> Markup {
    match &page.state {
        State::Start { gateway, means, leaves, asks, error } => {
            start(page, &with(gateway, *means), leaves.then_some(*gateway), *asks, *error)
        }
        State::Leaving { gateway, href } => leaving(gateway, href),
        State::Away { gateway, means, href, order_id, back } => {
            away(page, gateway, &with(gateway, *means), href, order_id, *back)
        }
        State::Again { gateway, order_id, declined, way } => again(page, gateway, order_id, *declined, way),
        State::Pending { gateway, order_id } => pending(page, gateway, order_id),
        State::Waiting { invoice, seconds_left } => waiting(page, invoice, *seconds_left),
        State::Partial { .. } => partial(page),
        State::Confirming { invoice, seen, needed } => confirming(page, invoice, *seen, *needed),
        State::Paid(paid) => receipt(page, paid),
        State::Expired { received, order_id, restart } => expired(page, *received, order_id, *restart),
        State::Reversed { order_id, vanished } => reversed(page, order_id, *vanished),
        State::HighRisk { order_id } => review(page, order_id),
        State::Refunded { order_id } => refunded(page, order_id),
    }
}

/// `asks`: for the e-mail, with what was typed so far. `data-auto` lets the script press the button for the buyer. Not after an error: it would press for ever.
fn start(page: &Page, title: &str, there: Option<&str>, asks: Option<&str>, error: Option<&str>) -> Markup {
    html! {
        (heading(title, html! {
            @if asks.is_some() {
                (name(page.shop)) " asks for your e-mail, to reach you about this order."
            } @else if let Some(gateway) = there {
                "You pay at " (gateway) " and come back here."
            } @else {
                "Next you get the exact amount and where to send it."
            }
        }))
        @if let Some(error) = error { p.alert #error role="alert" { (error) } }
        form method="post" action=(page.url) data-swap data-auto[asks.is_none() && error.is_none()] {
            @if let Some(typed) = asks {
                label for="email" { "E-mail" }
                input #email name="email" type="email" value=[(!typed.is_empty()).then_some(typed)] required maxlength="254" inputmode="email" autocomplete="email"
                    autocapitalize="none" spellcheck="false" placeholder="you@example.com"
                    aria-invalid=[error.map(|_| "true")] aria-describedby=(if error.is_some() { "error mail" } else { "mail" });
                p.hint #mail { "No mail is sent from here: this page shows your order, so keep its address." }
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
            (heading(&format!("Waiting for {gateway}"), html! { (gateway) " tells us when you have paid. This page updates itself." }))
            p.hint.center { "There is no need to pay again. Not finished? " a href=(href) { "Go back to " (gateway) } "." }
        } @else {
            (heading(title, html! { "You pay at " (gateway) " and come back here. This page updates itself." }))
            a.button href=(href) { "Continue to " (gateway) }
            p.hint.center { "Paid already? Don't pay again: it shows here in a moment." }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn again(page: &Page, gateway: &str, order_id: &str, declined: bool, way: &Again) -> Markup {
    let label = if declined { "Try again".to_string() } else { format!("Continue to {gateway}") };
    html! {
        @if declined {
            div.bad { (mark(Mark::Care)) }
            (heading(&format!("{gateway} declined this payment"), html! { "Nothing was charged." }))
        } @else {
            (mark(Mark::Time))
            (heading(&format!("Your time at {gateway} is over"), html! { "No payment has arrived." }))
        }
        @match way {
            Again::SamePage(href) => a.button href=(href) { (label) },
            Again::NewPage => form method="post" action=(page.order_url) data-swap {
                button.button { (flip(&label, "One moment…")) }
            },
            Again::NewLink => p.hint.center { "This link is too old. To pay, ask " (page.contact.named(page.shop)) " for a new one." },
        }
        @if declined {
            @if !matches!(way, Again::NewLink) {
                p.hint.center { "Another card or account may work. If not, ask " (page.contact.named(page.shop)) " for another way to pay." }
            }
        } @else {
            p.hint.center { "Paid already? Don't pay again: it shows here in a moment." }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn pending(page: &Page, gateway: &str, order_id: &str) -> Markup {
    html! {
        (mark(Mark::Time))
        (heading("Payment pending", html! { (gateway) " has your payment and still has to clear it. That can take some days." }))
        p.hint.center { "There is nothing left to do, and no need to pay again. This page shows the result." }
        (look_again(page))
        (facts(page, order_id, html! {}))
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
        (details(page, owed, false))
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
        (details(page, owed, false))
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
        (details(page, owed, true))
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
                (page.contact.named(page.shop)) " and name your order: they can finish it or send the money back."
            }
        } @else {
            p.alert.care { strong { "Already sent?" } " Don't send again. This page changes as soon as your payment arrives." }
        }
        @if restart {
            form method="post" action=(page.order_url) data-swap {
                input type="hidden" name="action" value="requote";
                button.button { (flip("Get a new price", "One moment…")) }
            }
        } @else if received.is_none() {
            p.hint.center { "To pay now, ask " (page.contact.named(page.shop)) " for a new link." }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn reversed(page: &Page, order_id: &str, vanished: bool) -> Markup {
    html! {
        div.bad { (mark(Mark::Care)) }
        @if vanished {
            (heading("Payment vanished", html! { "Your payment was seen, but is no longer on the chain: it was replaced, or its block was." }))
            p.alert.care { "Don't send it again. If it comes back, this page shows it; if not, contact " (page.contact.named(page.shop)) " and name your order." }
        } @else {
            (heading("Payment reversed", html! { "The payment was taken back, so this order is not paid." }))
            p.alert.care { "If that wasn't you, contact " (page.contact.named(page.shop)) " and name your order." }
        }
        (facts(page, order_id, html! {}))
    }
}

fn review(page: &Page, order_id: &str) -> Markup {
    html! {
        (mark(Mark::Time))
        (heading("Payment in review", html! { "Your payment has arrived. " (name(page.shop)) " looks at it before handing out the goods." }))
        p.hint.center { "There is nothing left to do, and no need to pay again. This page shows the result." }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn refunded(page: &Page, order_id: &str) -> Markup {
    html! {
        div.good { (mark(Mark::Done)) }
        (heading("Payment refunded", html! { (name(page.shop)) " has sent your money back. It can take a while to reach you." }))
        (facts(page, order_id, html! {}))
    }
}

/// With script the page follows by itself.
fn look_again(page: &Page) -> Markup {
    let back = if is_back(page) { "?back=paid" } else { "" };
    html! { noscript { a.button.plain href={ (page.order_url) (back) } { "Check for my payment" } } }
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
