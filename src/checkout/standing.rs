//! An order, what has come for it and what was said of it, as its pages read them: in one round trip.

use super::{Opened, Visit};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        App, Outcome,
        account::{
            self, Account, contact,
            secret::{self, Sealed, Secrets},
        },
        error::PaymentRefusal,
        feedback::{self, Feedback},
        gateway::{LedgerEntry, OnchainPayment, record},
        order::{self, Order, owner},
        payment,
        query::{self, Query},
    },
    words::Language,
};

pub struct Standing {
    pub account: Account,
    pub shop_name: String,
    /// Of the shop's pages; `None`: their reader's.
    pub language: Option<Language>,
    /// `https://host` of the shop that sent the buyer; empty if none did.
    pub return_origin: String,
    /// Until when a new page may be opened at a gateway.
    pub payable_until: i64,
    pub order: Order,
    pub receipts: Vec<OnchainPayment>,
    pub movements: Vec<LedgerEntry>,
    pub front: contact::Front,
    pub webhook_secrets: Secrets,
    /// What only the order's own page shows.
    pub feedback: Option<Feedback>,
    pub queries: Vec<Query>,
}

/// `None`: there is no such order. A payment link may not be started yet.
pub async fn read(visit: &Visit<'_>) -> Outcome<Option<Standing>> {
    match visit.link {
        Some(opened) => of_link(visit.app, &visit.order_id, opened).await,
        None => of_order(visit.app, &visit.order_id).await,
    }
}

/// Statements for the order, for the facts of its payment, and for its seller's contact and secrets.
fn statements(account_id: i64, order_id: &str) -> [Statement; 5] {
    [
        order::sql::by_id(account_id, order_id),
        record::receipts(account_id, order_id),
        record::movements(account_id, order_id),
        contact::of(account_id),
        secret::of(account_id),
    ]
}

async fn of_link(app: &App, order_id: &str, opened: Opened<'_>) -> Outcome<Option<Standing>> {
    let link = opened.link;
    let account = Account::acting(link.account_id, &link.shard, link.test);
    let [orders, receipts, movements, contact, secrets] = statements(account.id, order_id);
    let destroyed = payment::is_destroyed(account.id, opened.payment_id);
    let [orders, receipts, movements, contact, secrets, destroyed] =
        account.db(app)?.batch([orders, receipts, movements, contact, secrets, destroyed]).await?;
    if !destroyed.is_empty() {
        return Err(PaymentRefusal::Destroyed.into());
    }
    let Some(order) = orders.first() else {
        return Ok(None);
    };
    let order = order::sql::from_row(order)?;
    let mut standing = whole(app, account, order, [receipts, movements, contact, secrets])?;
    standing.shop_name.clone_from(&link.shop_name);
    standing.language = link.language;
    standing.return_origin.clone_from(&link.return_origin);
    standing.payable_until = link.expires_at;
    Ok(Some(standing))
}

pub async fn of_order(app: &App, order_id: &str) -> Outcome<Option<Standing>> {
    // Whose it is, the read itself finds out.
    let [orders, receipts, movements, contact, secrets] = statements(0, order_id);
    let shops = account::face_of_shop(0);
    let said = feedback::sql::of_order(0, order_id);
    let asked = query::sql::of_order(0, order_id, query::MAX_OF_ORDER);
    let all = [orders, receipts, movements, contact, secrets, shops, said, asked];
    let Some(found) = owner::read(app, order_id, all).await? else { return Ok(None) };
    let [orders, receipts, movements, contact, secrets, shops, said, asked] = found.rows;
    let Some(order) = orders.first() else {
        return Ok(None);
    };
    let order = order::sql::from_row(order)?;
    let account = Account::acting(order.account_id, &found.shard, order.test);
    let mut standing = whole(app, account, order, [receipts, movements, contact, secrets])?;
    if let Some(row) = shops.first() {
        let shop = account::read_shop(row)?;
        (standing.shop_name, standing.language) = (shop.name, shop.language);
    }
    standing.feedback = said.first().map(feedback::sql::feedback).transpose()?;
    standing.queries = asked.iter().map(|row| query::sql::query(row, &[])).collect::<Result<_, _>>()?;
    Ok(Some(standing))
}

fn whole(
    app: &App,
    account: Account,
    order: Order,
    [receipts, movements, contact, secrets]: [Vec<Row>; 4],
) -> Result<Standing, Fault> {
    let sealed = secrets.first().ok_or_else(|| Fault("an account has no shop row".into()))?;
    let sealed = sealed.read(|row| Ok(Sealed::read(row)))?;
    let front = contact.first().map(|row| row.read(|row| Ok(contact::Front::read(row)))).transpose()?;
    Ok(Standing {
        shop_name: String::new(),
        language: None,
        return_origin: order.return_url.as_deref().map(payment::token::origin).unwrap_or_default(),
        payable_until: order.created_at + payment::LINK_TTL,
        receipts: receipts.iter().map(record::receipt).collect::<Result<_, _>>()?,
        movements: movements.iter().map(record::movement).collect::<Result<_, _>>()?,
        front: front.unwrap_or_default(),
        webhook_secrets: sealed.open(app, account.id, app.now())?,
        feedback: None,
        queries: Vec::new(),
        account,
        order,
    })
}
