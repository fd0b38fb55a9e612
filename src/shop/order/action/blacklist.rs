//! Listing an order's buyer: the facts by which they would be known again.

use super::find;
use crate::{
    platform::Statement,
    shop::{
        App, Outcome, Refusal,
        account::Account,
        blacklist::{self, Draft, Entry, Kind, Network},
        error::OrderRefusal,
        order::{
            Order,
            history::{self, Action, Actor, Cause},
        },
        prepared::Prepared,
    },
};

/// Which facts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub kind: Kind,
    /// The field that says so.
    pub field: &'static str,
    /// The order must have it. Otherwise it is listed if the order does.
    pub asked: bool,
}

/// Answers an entry for each fact: what is listed already is as it is. What is new is noted in the order's history.
pub async fn blacklist(
    app: &App,
    account: &Account,
    order_id: &str,
    wanted: &[Wanted],
) -> Outcome<Prepared<Vec<Entry>>> {
    let found = find(app, account, order_id).await?;
    let drafts = drafts(&found.order, wanted)?;
    let added = blacklist::add(app, account, drafts).await?;
    let mut statements: Vec<Statement> = added.statements;
    if !added.new.is_empty() {
        let facts: Vec<&str> = added.new.iter().map(|entry| entry.fact.shown()).collect();
        let cause = Cause::of(Actor::Seller, Action::Blacklist).noting(facts.join(", "));
        statements.push(history::note(&found.order, found.order.status, &cause, app.now()));
    }
    // Somebody else listed one of them meanwhile: it is looked at again.
    Ok(Prepared::new(account.db(app)?, added.entries, statements).on_taken(
        "blacklist",
        "blocked_data",
        Refusal::Conflict,
    ))
}

fn drafts(order: &Order, wanted: &[Wanted]) -> Outcome<Vec<Draft>> {
    let note = format!("Order {}", order.id);
    let mut drafts = Vec::new();
    for Wanted { kind, field, asked } in wanted {
        let text = match kind {
            Kind::Email => order.buyer.email.clone(),
            Kind::Ip => {
                let address = order.buyer.ip_address.as_deref().and_then(|text| text.parse().ok());
                address.map(|address| Network::of_buyer(address).to_string())
            }
            Kind::Country => order.buyer.country_code.clone(),
        };
        // What the platform calls a country may be none, as T1 for Tor.
        match text.and_then(|text| kind.fact(&text).ok()) {
            Some(fact) => drafts.push(Draft { fact, note: Some(note.clone()), expires_at: None }),
            None if *asked => return Err(OrderRefusal::NoFact(field).into()),
            None => {}
        }
    }
    match (drafts.is_empty(), wanted.first()) {
        (true, Some(first)) => Err(OrderRefusal::NoFact(first.field).into()),
        (true, None) => Err(OrderRefusal::NoFactWanted.into()),
        _ => Ok(drafts),
    }
}
