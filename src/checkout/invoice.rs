//! What a buyer needs in hand to send coins: the amount, the address, the link, the picture of it, and how far it has come.

use maud::{Markup, html};

use super::{
    parts::{confirmations, copy, facts, flip},
    view::{Invoice, Page, Transaction},
};
use crate::words::{Words, fill, rich};

pub fn invoice(words: &Words, invoice: &Invoice) -> Markup {
    let pay = &words.pay;
    let Invoice { coin, symbol, shared, due, address, uri, rate, .. } = invoice;
    html! {
        div.invoice {
            div.field {
                h2 { (pay.amount) }
                p.amount { (due) " " span { (symbol) } }
                (copy(words, "amount", pay.copy_amount, due))
                p.hint {
                    @if *shared {
                        (rich(pay.send_exactly_shared, &[]))
                    } @else {
                        (pay.send_exactly)
                    }
                    br; (rate)
                }
            }
            div.field {
                h2 { (fill(pay.address_of, &[("network", &network(invoice))])) }
                p.address { (groups(address)) }
                (copy(words, "address", pay.copy_address, address))
                p.hint { (rich(pay.only_network, &[("network", &network(invoice))])) }
            }
            a.button #wallet href=(uri) { (pay.open_wallet) }
            figure {
                (qr(words, invoice))
                figcaption { (fill(pay.scan, &[("coin", coin)])) }
            }
        }
    }
}

/// "Bitcoin", "Bitcoin testnet".
fn network(invoice: &Invoice) -> String {
    [Some(invoice.coin), invoice.network].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Groups of four are there to be compared by eye. No space stands between them in the text, so a selection copies the address as it is.
fn groups(address: &str) -> Markup {
    let letters: Vec<char> = address.chars().collect();
    html! {
        @for group in letters.chunks(4) {
            span { (group.iter().collect::<String>()) } wbr;
        }
    }
}

/// Readers of the code want it dark on light even where the page is dark.
fn qr(words: &Words, invoice: &Invoice) -> Markup {
    let side = invoice.qr_side;
    let sum = format!("{} {}", invoice.due, invoice.symbol);
    html! {
        svg.qr role="img" viewBox={ "0 0 " (side) " " (side) }
            aria-label=(fill(words.pay.qr, &[("sum", &sum), ("address", invoice.address)])) {
            path d=(invoice.qr_path) {}
        }
    }
}

/// How far the payment has come: 0 nothing sent, 1 confirming, 2 done.
pub fn steps(words: &Words, reached: usize) -> Markup {
    let pay = &words.pay;
    let names = [if reached == 0 { pay.step_send } else { pay.step_sent }, pay.step_confirming, pay.step_done];
    html! {
        ol.steps aria-label=(pay.progress) {
            @for (at, name) in names.into_iter().enumerate() {
                li.done[at < reached || at == 2 && reached == 2] aria-current=[(at == reached).then_some("step")] { (name) }
            }
        }
    }
}

/// Seconds before the end from which on the clock warns: enough to send, not to look for a wallet.
const SOON: u64 = 120;

/// The seconds are the server's; what the buyer's clock says doesn't matter.
pub fn clock(words: &Words, seconds: u64) -> Markup {
    let pay = &words.pay;
    html! {
        p.left.soon[seconds < SOON] {
            (flip(pay.time_left, pay.ends_soon))
            time.clock role="timer" aria-label=(pay.time_left) datetime={ "PT" (seconds) "S" } data-left=(seconds) data-soon=(SOON) {
                (face(seconds))
            }
        }
    }
}

/// As the script writes it: "14:59", "23:59:59".
fn face(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

/// Folded away: what a buyer wants only when something has to be looked up. `address` is for pages that don't show it anyway.
pub fn details(page: &Page, invoice: &Invoice, address: bool) -> Markup {
    let pay = &page.words.pay;
    html! {
        details.more {
            summary #details { (pay.details) }
            (facts(page, invoice.order_id, html! {
                @if address {
                    dt { (pay.rate) } dd { (invoice.rate) }
                    dt { (pay.address) } dd.address { (groups(invoice.address)) }
                }
                @for (at, transaction) in invoice.transactions.iter().enumerate() { (sent(page.words, at, transaction, invoice.symbol)) }
            }))
        }
    }
}

fn sent(words: &Words, at: usize, transaction: &Transaction, symbol: &str) -> Markup {
    let Transaction { txid, value, confirmations: number } = transaction;
    html! {
        dt { (words.pay.transaction) }
        dd.sent {
            span { (value) " " (symbol) ", " (confirmations(words, *number)) br; code { (txid) } }
            (copy(words, &format!("transaction-{at}"), words.pay.copy_transaction, txid))
        }
    }
}

/// Lets whoever tries the shop play the buyer, the network and the thief.
pub fn simulate(page: &Page, choices: &[(&str, &str, Option<&str>)]) -> Markup {
    html! {
        @if page.test && !choices.is_empty() {
            section.card.simulate aria-labelledby="simulate" {
                h2 #simulate { (page.words.pay.simulate) }
                p.hint { (page.words.pay.only_test) }
                div.row {
                    @for (label, action, kind) in choices {
                        form method="post" action={ (page.url) "/test" } data-swap {
                            input type="hidden" name="action" value=(action);
                            @if let Some(kind) = kind { input type="hidden" name="kind" value=(kind); }
                            button.plain { (flip(label, "…")) }
                        }
                    }
                }
            }
        }
    }
}
