//! Test accounts play the buyer and the chain: a transaction is made on the account's simulated chain, and then the
//! order is looked at just as a real one is.

use super::{Order, lease, sql, sync};
use crate::shop::error::{AccountRefusal, OrderRefusal};
use crate::{
    platform::{Row, Statement, last_answers},
    shop::{App, Outcome, account::Account, gateway::simulated, id},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is missing.
    Exact,
    /// Half of it.
    Partial,
    /// A tenth more.
    Over,
    /// What is missing, after the quote has run out.
    Late,
}

impl Kind {
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "exact" => Some(Kind::Exact),
            "partial" => Some(Kind::Partial),
            "over" => Some(Kind::Over),
            "late" => Some(Kind::Late),
            _ => None,
        }
    }
}

pub struct Paid {
    pub txid: String,
    /// Satoshi.
    pub value: u64,
    pub order: Order,
}

/// One call moves so many orders at once; the rest follow by their own looks.
const MAX_SYNCS: u32 = 25;

fn only_test(account: &Account) -> Outcome<()> {
    if account.test { Ok(()) } else { Err(AccountRefusal::NotATestAccount.into()) }
}

/// Pays an order. `amount` (satoshi) overrides what `kind` would send.
pub async fn pay(
    app: &App,
    account: &Account,
    order_id: &str,
    kind: Kind,
    amount: Option<u64>,
    confirmations: u32,
    begin: Vec<Statement>,
) -> Outcome<Paid> {
    only_test(account)?;
    let order = super::get(app, account, order_id).await?;
    let missing = order.invoice.missing();
    let tagged = |value| order.invoice.tagged(value);
    let value = amount.unwrap_or(match kind {
        Kind::Exact | Kind::Late => missing,
        Kind::Partial => tagged(missing.div_ceil(2)),
        Kind::Over => tagged(missing + missing / 10 + 1),
    });
    if value == 0 || order.invoice.index.is_none() {
        return Err(OrderRefusal::NotPayable.into());
    }
    let txid = id::hex(&app.random::<32>());
    let mut statements = simulated::pay(account.id, &order.invoice.address, &txid, value, confirmations);
    if kind == Kind::Late {
        let mut order = order;
        order.invoice.expires_at = order.invoice.expires_at.min(app.now() - super::onchain::GRACE_PERIOD - 1);
        statements.extend(sql::update(&order));
    }
    statements.extend(begin);
    commit(app, account, statements).await?;
    let order = sync::now(app, account, order_id).await?;
    Ok(Paid { txid, value, order })
}

/// Adds blocks. The first takes in what is unconfirmed: of one order, or of the whole account. Answers the new height.
pub async fn mine(
    app: &App,
    account: &Account,
    count: u32,
    order_id: Option<&str>,
    begin: Vec<Statement>,
) -> Outcome<u32> {
    only_test(account)?;
    let order = match order_id {
        Some(id) => Some(super::get(app, account, id).await?),
        None => None,
    };
    let address = order.as_ref().map(|order| order.invoice.address.as_str());
    let mut statements = begin;
    statements.extend(simulated::mine(account.id, count, address));
    statements.push(simulated::height(account.id));
    statements.push(lease::watched(account.id, MAX_SYNCS));
    let [height, watched] = last_answers(commit(app, account, statements).await?)?;
    // Confirmations grow for every open order, not only for the one whose transaction was taken in.
    for row in &watched {
        sync::now(app, account, &row.text()?).await?;
    }
    // One that is paid isn't among them.
    if let Some(paid) = order.filter(|order| order.paid_at.is_some()) {
        sync::now(app, account, &paid.id).await?;
    }
    Ok(height.first().map_or(Ok(0), |row| row.count())?)
}

/// Takes an order's unconfirmed transactions away.
pub async fn double_spend(app: &App, account: &Account, order_id: &str, begin: Vec<Statement>) -> Outcome<Order> {
    only_test(account)?;
    let order = super::get(app, account, order_id).await?;
    let mut statements = begin;
    statements.push(simulated::double_spend(account.id, &order.invoice.address));
    commit(app, account, statements).await?;
    sync::now(app, account, order_id).await
}

async fn commit(app: &App, account: &Account, statements: Vec<Statement>) -> Outcome<Vec<Vec<Row>>> {
    Ok(account.db(app)?.commit(statements).await?)
}
