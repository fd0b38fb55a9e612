//! The pay page: what is bought beside how it is paid, one function for each state of the payment.

use maud::{Markup, html};

use super::{
    feedback,
    invoice::{clock, details, invoice, simulate, steps},
    layout::{Frame, layout, name},
    parts::{Mark, facts, flip, heading, mark, summary},
    question,
    receipt::{receipt, stay},
    view::{Again, Goods, Invoice, Page, Paid, State},
    ways,
};
use crate::{
    shop::order::Delivery,
    words::{Pay, fill, rich},
};

const LOOK_AGAIN: u32 = 15;

pub fn document(page: &Page) -> Markup {
    let title = title(page);
    let frame = Frame {
        words: page.words,
        brand: page.brand,
        shop: Some(page.shop),
        title: &title,
        home: page.home,
        test: page.test,
        refresh: refresh(page),
    };
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
    let start = matches!(page.state, State::Start(_));
    html! {
        main #pay data-revision=(page.tag()) data-start[start]
            data-live=[page.state.live().then_some(live)] data-state=[page.state.live().then_some(state)] {
            (summary(page.words, page.title, page.quantity, page.price))
            div {
                section.card aria-labelledby="state" {
                    // First: whoever paid so reads "No payment has arrived" below it.
                    @if page.wrong_currency {
                        p.alert.care { (rich(page.words.pay.wrong_currency, &[("shop", &page.contact.named(page.shop))])) }
                    }
                    (panel(page))
                    @if page.review {
                        p.hint.center { (rich(page.words.pay.review_ahead, &[("shop", &name(page.shop))])) }
                    }
                }
                (simulate(page, &choices(&page.state, &page.words.pay)))
                @if let Some(said) = &page.said {
                    @if let Some(opinion) = said.feedback.as_ref().filter(|_| is_quiet(page)) { (feedback::card(page, opinion)) }
                    // A receipt that leads on has a link to where both can be written.
                    @if is_quiet(page) || !matches!(page.state, State::Paid(_)) {
                        (question::card(page, said, is_quiet(page)))
                    }
                }
            }
        }
    }
}

/// Whether the page stays as it is for long enough to write on it: it is loaded anew by nothing but a script, which knows what
/// is written.
fn is_quiet(page: &Page) -> bool {
    page.stays || refresh(page).is_none()
}

/// It is also what a tab in the background shows, so it leads with the news.
fn title(page: &Page) -> String {
    let pay = &page.words.pay;
    match &page.state {
        State::Paid(_) => pay.title_paid.to_owned(),
        State::Partial { invoice, .. } => {
            fill(pay.send_more, &[("sum", &format!("{} {}", invoice.due, invoice.symbol))])
        }
        State::Confirming { .. } => pay.payment_seen.to_owned(),
        State::Expired { received, restart, .. } => ended(pay, *received, *restart).to_owned(),
        State::HighRisk { .. } => pay.in_review.to_owned(),
        State::Reversed { vanished: true, .. } => pay.vanished.to_owned(),
        State::Reversed { .. } => pay.reversed.to_owned(),
        State::Refunded { .. } => pay.refunded.to_owned(),
        State::Pending { .. } => pay.pending.to_owned(),
        State::Again { declined: true, .. } => pay.title_declined.to_owned(),
        State::Again { .. } => pay.title_not_finished.to_owned(),
        State::Start(start) if start.free => pay.free_title.to_owned(),
        State::Free { .. } => pay.free_title.to_owned(),
        State::Start(_) | State::Leaving { .. } | State::Away { .. } | State::Waiting { .. } => {
            fill(pay.title_pay, &[("price", page.price)])
        }
    }
}

fn refresh(page: &Page) -> Option<(u32, String)> {
    // Somebody writes on it.
    if page.stays && page.said.is_some() {
        return None;
    }
    match &page.state {
        State::Paid(Paid { return_url: Some(url), leaves: true, goods, .. }) => Some((stay(goods), url.to_string())),
        State::Paid(Paid { goods: Goods::Here { delivery: Some(Delivery::Preparing), .. }, .. }) => {
            Some((LOOK_AGAIN, format!("{}?news", page.order_url)))
        }
        State::Leaving { href, .. } => Some((0, href.to_string())),
        State::Waiting { .. }
        | State::Partial { .. }
        | State::Confirming { .. }
        | State::Away { .. }
        | State::Free { .. } => {
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
        State::Start(start) => ways::start(page, start),
        State::Leaving { gateway, href } => leaving(&page.words.pay, gateway, href),
        State::Away { gateway, means, href, order_id, back } => {
            away(page, gateway, &ways::with(&page.words.pay, gateway, *means), href, order_id, *back)
        }
        State::Again { gateway, order_id, declined, way } => again(page, gateway, order_id, *declined, way),
        State::Pending { gateway, order_id } => pending(page, gateway, order_id),
        State::Free { order_id } => free(page, order_id),
        State::Waiting { invoice, seconds_left } => waiting(page, invoice, *seconds_left),
        State::Partial { .. } => partial(page),
        State::Confirming { invoice, seen, needed } => confirming(page, invoice, *seen, *needed),
        State::Paid(paid) => receipt(page, paid),
        State::Expired { received, order_id, restart } => expired(page, *received, order_id, *restart),
        State::Reversed { order_id, vanished } => reversed(page, order_id, *vanished),
        State::HighRisk { order_id, free } => review(page, order_id, *free),
        State::Refunded { order_id } => refunded(page, order_id),
    }
}

fn leaving(pay: &Pay, gateway: &str, href: &str) -> Markup {
    html! {
        (heading(&fill(pay.taking_you, &[("gateway", gateway)]), html! { (pay.come_back) }))
        a.button data-return="0" href=(href) { (fill(pay.continue_to, &[("gateway", gateway)])) }
    }
}

fn away(page: &Page, gateway: &str, title: &str, href: &str, order_id: &str, back: bool) -> Markup {
    let pay = &page.words.pay;
    let at = [("gateway", gateway)];
    html! {
        @if back {
            (mark(Mark::Work))
            (heading(&fill(pay.waiting_for, &at), html! { (fill(pay.tells_us, &at)) }))
            p.hint.center { (rich(pay.not_finished, &[("link", &html! { a href=(href) { (fill(pay.go_back_to, &at)) } })])) }
        } @else {
            (heading(title, html! { (fill(pay.pay_there_and_wait, &at)) }))
            a.button href=(href) { (fill(pay.continue_to, &[("gateway", gateway)])) }
            p.hint.center { (pay.paid_already) }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn again(page: &Page, gateway: &str, order_id: &str, declined: bool, way: &Again) -> Markup {
    let pay = &page.words.pay;
    let at = [("gateway", gateway)];
    let label = if declined { pay.try_again.to_owned() } else { fill(pay.continue_to, &at) };
    html! {
        @if declined {
            div.bad { (mark(Mark::Care)) }
            (heading(&fill(pay.declined, &at), html! { (pay.nothing_charged) }))
        } @else {
            (mark(Mark::Time))
            (heading(&fill(pay.time_over, &at), html! { (pay.none_arrived) }))
        }
        @match way {
            Again::SamePage(href) => a.button href=(href) { (label) },
            Again::NewPage => form method="post" action=(page.order_url) data-swap {
                button.button { (flip(&label, pay.one_moment)) }
            },
            Again::NewLink => p.hint.center { (rich(pay.link_too_old, &[("shop", &page.contact.named(page.shop))])) },
        }
        @if declined {
            @if !matches!(way, Again::NewLink) {
                p.hint.center { (rich(pay.other_card, &[("shop", &page.contact.named(page.shop))])) }
            }
        } @else {
            p.hint.center { (pay.paid_already) }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn pending(page: &Page, gateway: &str, order_id: &str) -> Markup {
    let pay = &page.words.pay;
    html! {
        (mark(Mark::Time))
        (heading(pay.pending, html! { (fill(pay.clearing, &[("gateway", gateway)])) }))
        p.hint.center { (pay.nothing_left) }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn free(page: &Page, order_id: &str) -> Markup {
    html! {
        (mark(Mark::Work))
        (heading(page.words.pay.free_title, html! { (page.words.pay.free_wait) }))
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn waiting(page: &Page, owed: &Invoice, seconds: u64) -> Markup {
    let pay = &page.words.pay;
    html! {
        div.head {
            (heading(pay.waiting, html! { (pay.updates_itself) }))
            (clock(page.words, seconds))
        }
        (steps(page.words, 0))
        (invoice(page.words, owed))
        (look_again(page))
        (details(page, owed, false))
    }
}

fn partial(page: &Page) -> Markup {
    let State::Partial { invoice: owed, seconds_left, received, confirming, late } = &page.state else {
        return html! {};
    };
    let (pay, symbol) = (&page.words.pay, owed.symbol);
    let sum = |number: &str| format!("{number} {symbol}");
    html! {
        div.head {
            (heading(&fill(pay.send_more, &[("sum", &sum(owed.due))]), html! { (pay.less_than_price) }))
            (clock(page.words, *seconds_left))
        }
        p.alert.care {
            (rich(if *confirming { pay.arrived_unconfirmed } else { pay.arrived }, &[("sum", &sum(received))]))
            @if *late { " " (pay.late_counts) }
            " " (pay.send_rest)
        }
        (invoice(page.words, owed))
        (look_again(page))
        (details(page, owed, false))
    }
}

fn confirming(page: &Page, owed: &Invoice, seen: u32, needed: u32) -> Markup {
    let pay = &page.words.pay;
    let forms = [pay.of_confirmations_one, pay.of_confirmations_few, pay.of_confirmations_many];
    let (known, all) = (seen.to_string(), needed.to_string());
    let numbers = [("seen", known.as_str()), ("needed", all.as_str())];
    html! {
        (mark(Mark::Work))
        (heading(pay.payment_seen, html! {
            @if seen == 0 { (pay.first_confirmation) } @else { (fill(page.words.plural(needed.into(), forms), &numbers)) }
        }))
        (steps(page.words, 1))
        div.meter {
            label for="progress" { (pay.confirmations_label) }
            span { (fill(pay.seen_of, &numbers)) }
            progress #progress max=(needed.max(1)) value=(seen) {}
        }
        p.hint.center { (pay.leave_open) }
        (look_again(page))
        (details(page, owed, true))
    }
}

fn ended(pay: &'static Pay, received: Option<&str>, restart: bool) -> &'static str {
    match (restart, received) {
        (true, _) => pay.price_expired,
        (false, None) => pay.payment_expired,
        (false, Some(_)) => pay.part_arrived,
    }
}

fn expired(page: &Page, received: Option<&str>, order_id: &str, restart: bool) -> Markup {
    let pay = &page.words.pay;
    let shop = page.contact.named(page.shop);
    html! {
        (mark(Mark::Time))
        (heading(ended(pay, received, restart), html! {
            @if let Some(sum) = received {
                // On a gateway's books parts don't add up: they may come to the price.
                (fill(if restart { pay.received_less } else { pay.received_parts }, &[("sum", sum)]))
            } @else { (pay.none_arrived) }
        }))
        @if received.is_some() {
            p.alert.care {
                (rich(if restart { pay.not_lost_send_rest } else { pay.not_lost }, &[("shop", &shop)]))
            }
        } @else {
            p.alert.care { (rich(pay.already_sent, &[])) }
        }
        @if restart {
            form method="post" action=(page.order_url) data-swap {
                input type="hidden" name="action" value="requote";
                button.button { (flip(pay.new_price, pay.one_moment)) }
            }
        } @else if received.is_none() {
            p.hint.center { (rich(pay.ask_new_link, &[("shop", &shop)])) }
        }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn reversed(page: &Page, order_id: &str, vanished: bool) -> Markup {
    let pay = &page.words.pay;
    let shop = page.contact.named(page.shop);
    html! {
        div.bad { (mark(Mark::Care)) }
        @if vanished {
            (heading(pay.vanished, html! { (pay.vanished_how) }))
            p.alert.care { (rich(pay.vanished_care, &[("shop", &shop)])) }
        } @else {
            (heading(pay.reversed, html! { (pay.reversed_how) }))
            p.alert.care { (rich(pay.reversed_care, &[("shop", &shop)])) }
        }
        (facts(page, order_id, html! {}))
    }
}

fn review(page: &Page, order_id: &str, free: bool) -> Markup {
    let pay = &page.words.pay;
    let how = if free { pay.review_ahead } else { pay.review_how };
    html! {
        (mark(Mark::Time))
        (heading(pay.in_review, rich(how, &[("shop", &name(page.shop))])))
        p.hint.center { (pay.nothing_left) }
        (look_again(page))
        (facts(page, order_id, html! {}))
    }
}

fn refunded(page: &Page, order_id: &str) -> Markup {
    let pay = &page.words.pay;
    html! {
        div.good { (mark(Mark::Done)) }
        (heading(pay.refunded, rich(pay.refunded_how, &[("shop", &name(page.shop))])))
        (facts(page, order_id, html! {}))
    }
}

/// With script the page follows by itself.
fn look_again(page: &Page) -> Markup {
    let back = if is_back(page) { "?back=paid" } else { "" };
    html! { noscript { a.button.plain href={ (page.order_url) (back) } { (page.words.pay.check) } } }
}

/// What could happen next, for a page that only plays.
fn choices(state: &State, words: &Pay) -> Vec<(&'static str, &'static str, Option<&'static str>)> {
    match state {
        State::Waiting { .. } => vec![
            (words.pay_exactly, "pay", Some("exact")),
            (words.pay_part, "pay", Some("partial")),
            (words.pay_too_much, "pay", Some("over")),
        ],
        State::Partial { .. } => vec![
            (words.pay_rest, "pay", Some("exact")),
            (words.pay_too_much, "pay", Some("over")),
            (words.next_block, "block", None),
        ],
        State::Confirming { .. } => vec![(words.next_block, "block", None), (words.double_spend, "double_spend", None)],
        State::Expired { restart: true, .. } => vec![(words.pay_late, "pay", Some("late"))],
        _ => Vec::new(),
    }
}
