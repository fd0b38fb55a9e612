//! What a buyer needs in hand to send coins: the amount, the address, the link, the picture of it, and how far it has come.

use maud::{Markup, html};

use super::{
    parts::{copy, count, facts, flip},
    view::{Invoice, Page, Transaction},
};

pub fn invoice(invoice: &Invoice) -> Markup {
    let Invoice { coin, symbol, shared, due, address, uri, rate, .. } = invoice;
    html! {
        div.invoice {
            div.field {
                h2 { "Amount" }
                p.amount { (due) " " span { (symbol) } }
                (copy("amount", "amount", due))
                p.hint {
                    @if *shared {
                        "Send " strong { "exactly" } " this amount, from a wallet of your own: it is how your payment is recognised."
                        " Network fees are extra."
                    } @else {
                        "Send exactly this; network fees are extra."
                    }
                    br; (rate)
                }
            }
            div.field {
                h2 { (network(invoice)) " address" }
                p.address { (groups(address)) }
                (copy("address", "address", address))
                p.hint { "Send only " strong { (network(invoice)) } " to this address." }
            }
            a.button #wallet href=(uri) { "Open in wallet" }
            figure {
                (qr(invoice))
                figcaption { "Scan with your " (coin) " wallet" }
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
fn qr(invoice: &Invoice) -> Markup {
    let side = invoice.qr_side;
    html! {
        svg.qr role="img" viewBox={ "0 0 " (side) " " (side) }
            aria-label={ "QR code that asks a wallet to send " (invoice.due) " " (invoice.symbol) " to " (invoice.address) } {
            path d=(invoice.qr_path) {}
        }
    }
}

/// How far the payment has come: 0 nothing sent, 1 confirming, 2 done.
pub fn steps(reached: usize) -> Markup {
    let names = [if reached == 0 { "Send" } else { "Sent" }, "Confirming", "Done"];
    html! {
        ol.steps aria-label="Progress" {
            @for (at, name) in names.into_iter().enumerate() {
                li.done[at < reached || at == 2 && reached == 2] aria-current=[(at == reached).then_some("step")] { (name) }
            }
        }
    }
}

/// Seconds before the end from which on the clock warns: enough to send, not to look for a wallet.
const SOON: u64 = 120;

/// The seconds are the server's; what the buyer's clock says doesn't matter.
pub fn clock(seconds: u64) -> Markup {
    html! {
        p.left.soon[seconds < SOON] {
            (flip("Time left", "Ends soon"))
            time.clock role="timer" aria-label="Time left" datetime={ "PT" (seconds) "S" } data-left=(seconds) data-soon=(SOON) {
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
    html! {
        details.more {
            summary #details { "Payment details" }
            (facts(page, invoice.order_id, html! {
                @if address {
                    dt { "Rate" } dd { (invoice.rate) }
                    dt { "Address" } dd.address { (groups(invoice.address)) }
                }
                @for (at, transaction) in invoice.transactions.iter().enumerate() { (sent(at, transaction, invoice.symbol)) }
            }))
        }
    }
}

fn sent(at: usize, transaction: &Transaction, symbol: &str) -> Markup {
    let Transaction { txid, value, confirmations } = transaction;
    html! {
        dt { "Transaction" }
        dd.sent {
            span { (value) " " (symbol) ", " (count(*confirmations, "confirmation")) br; code { (txid) } }
            (copy(&format!("transaction-{at}"), "transaction id", txid))
        }
    }
}

/// Lets whoever tries the shop play the buyer, the network and the thief.
pub fn simulate(page: &Page, choices: &[(&str, &str, Option<&str>)]) -> Markup {
    html! {
        @if page.test && !choices.is_empty() {
            section.card.simulate aria-labelledby="simulate" {
                h2 #simulate { "Simulate" }
                p.hint { "Only test payments show this." }
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
