//! Fulfilling an order that was paid: what its buyer gets is part of the commit that completes it.

use std::rc::Rc;

use super::{
    Change, Delivery, Order, Status,
    delivery::{self, Goods},
    dynamic, receipt,
};
use crate::{
    platform::Statement,
    shop::{
        App, Error, Outcome, Refusal,
        account::Account,
        error::CatalogRefusal,
        hold::{self, Item},
        mail::{self, Fact},
        prepared::Prepared,
        product::{self, Kind, Product, StockMove},
        stock::expired,
        time::MINUTE,
        webhook::{self, Dialect, Endpoint, Event},
    },
};

/// Adds to a change that completes an order what the buyer gets. A change that ends elsewhere (paid, and refunded at once)
/// delivers nothing. Of an order whose money went away and is back it adds what is still owed.
pub async fn fulfil(app: &App, account: &Account, change: &mut Change, endpoints: &[Endpoint]) -> Outcome<()> {
    if let Some(order) = change.steps.last().map(|(order, _)| order).filter(|order| is_back(change.from, order)) {
        let mut goods = read(app, account, order).await?;
        // What it takes from the stock is its own already.
        goods.held.get_or_insert_default();
        return hand_over(app, account, change, goods, endpoints);
    }
    with_product(app, account, change, endpoints).await?;
    let due = change.steps.last().map(|(order, _)| order).filter(|order| delivery::is_due(order)).cloned();
    let Some(order) = due else { return Ok(()) };
    let goods = goods(app, account, &order).await?;
    hand_over(app, account, change, goods, endpoints)
}

/// Whether somebody is told of this order in words that say what its product is.
fn is_told_with_product(order: &Order, endpoints: &[Endpoint]) -> bool {
    order.webhook_dialect != Dialect::V2 || endpoints.iter().any(|endpoint| endpoint.dialect != Dialect::V2)
}

/// Adds the product to a change that takes an order's money away, for which no goods are read.
async fn with_product(app: &App, account: &Account, change: &mut Change, endpoints: &[Endpoint]) -> Outcome<()> {
    let goes = |order: &&Order| order.status == Status::Reversed && order.item.is_some();
    let order = change.steps.last().map(|(order, _)| order).filter(goes).filter(|_| change.from != Status::Reversed);
    let Some(order) = order.filter(|order| is_told_with_product(order, endpoints)) else { return Ok(()) };
    let product = account.db(app)?.row(product::sql::one(account.id, &order.product_id)).await?;
    let product = product.map(|row| product::sql::product(&row)).transpose()?.map(Rc::new);
    change.steps.iter_mut().for_each(|(order, _)| order.product.clone_from(&product));
    Ok(())
}

/// Whether the seller's server is to be asked anew: nobody was asked while the money was away, or nothing was given before.
fn is_back(from: Status, order: &Order) -> bool {
    let is_dynamic = order.item.as_ref().is_some_and(|item| item.kind == Kind::Dynamic);
    let is_owed = matches!(order.delivery, Some(Delivery::Preparing | Delivery::Failed));
    from != Status::Completed && order.status == Status::Completed && is_dynamic && is_owed
}

/// Delivers these goods by a change of their order.
pub fn hand_over(
    app: &App,
    account: &Account,
    change: &mut Change,
    goods: Goods,
    endpoints: &[Endpoint],
) -> Outcome<()> {
    for (order, _) in change.steps.iter_mut().filter(|(order, _)| order.status == Status::Completed) {
        let link = file_link(app, order);
        delivery::deliver(order, &goods, &link);
    }
    if change.steps.last().is_some_and(|(order, _)| is_told_with_product(order, endpoints)) {
        let product = goods.product.clone().map(Rc::new);
        change.steps.iter_mut().for_each(|(order, _)| order.product.clone_from(&product));
    }
    let Some((order, _)) = change.steps.last() else { return Ok(()) };
    // What a hold has taken from the stock is sold now.
    let sold = goods.product.as_ref().filter(|_| goods.held.is_some() && order.delivery != Some(Delivery::OutOfStock));
    let moved = sold.zip(order.item.as_ref()).and_then(|(product, item)| {
        let (account_id, product_id, after) = (account.id, product.id.clone(), product.stock()?);
        let before = Some(after + i64::from(item.units));
        Some(StockMove {
            account_id,
            product_id,
            before,
            after: Some(after),
            order_id: Some(order.id.clone()),
            at: app.now(),
        })
    });
    let url = goods.product.as_ref().and_then(|product| product.dynamic_url.as_deref());
    if let (Some(Delivery::Preparing), Some(url)) = (order.delivery, url) {
        change.facts.push(dynamic::owe(order, url, app.now()));
        change.messages.push((dynamic::message(account, &order.id), 0));
    }
    change.facts.push(hold::end(account.id, &order.id));
    if let Some(moved) = moved.filter(|moved| moved.before != moved.after) {
        let owed = webhook::outbox_entries(app, account.id, &[Event::StockChanged], &moved, endpoints)?;
        change.facts.extend(owed.statements);
        change.messages.extend(webhook::messages(account, &owed.logs));
    }
    if let Some(mut product) = goods.product.filter(|_| goods.held.is_some()) {
        // It was read while the order held them.
        if product.kind != Kind::Serials {
            product.stock_held = (product.stock_held - order.item.as_ref().map_or(0, |item| item.units.into())).max(0);
        }
        change.facts.extend(stock_events(app, account, &product, endpoints)?);
    }
    Ok(())
}

/// A hold that is taken for a paid order is sold in the next commit. Should that break, it is free again after this time, in
/// milliseconds, and cron sells it.
const RETAKEN: i64 = 10 * MINUTE;

/// What there is for an order. One whose hold is over takes its goods anew first, in a commit of its own: another buyer may have
/// them by now.
pub async fn goods(app: &App, account: &Account, order: &Order) -> Outcome<Goods> {
    let goods = read(app, account, order).await?;
    if !delivery::needs_hold(order, &goods) {
        return Ok(goods);
    }
    let Some(item) = &order.item else { return Ok(goods) };
    // The buyer keeps the price; the use of the coupon is another's by now.
    let item = Item { coupon_id: None, ..item.clone() };
    let now = app.now();
    let place = hold::place(account.id, &order.id, &order.product_id, &item, None, now + RETAKEN);
    let waits = order.delivery == Some(Delivery::OutOfStock);
    let need = expired::Need { units: item.units, waits, ..expired::Need::default() };
    let release = expired::release(account.id, &order.product_id, &need, now);
    // A hold that was sold has no row either: should another sync have delivered the order meanwhile, nothing is held for it again.
    // The caller's commit names the same revision, and finds out as well.
    let unchanged = Statement::guard(
        "EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?2 AND revision = ?3)",
        vec![account.id.into(), order.id.as_str().into(), order.revision.into()],
    );
    let again = Prepared::new(account.db(app)?, (), vec![unchanged, release, place])
        .on_broken("products_stock", CatalogRefusal::OutOfStock)
        // The next serials are longer than those that it was to get, and too long together. It waits for others.
        .on_broken("order_fits", CatalogRefusal::OutOfStock)
        .on_stale(Refusal::Conflict);
    match again.commit(app, Vec::new()).await {
        Ok(_) => Ok(read(app, account, order).await?),
        Err(Error::Refused(Refusal::Catalog(CatalogRefusal::OutOfStock) | Refusal::Conflict)) => Ok(goods),
        Err(error) => Err(error),
    }
}

/// What there is for an order, without taking any.
pub async fn read(app: &App, account: &Account, order: &Order) -> Outcome<Goods> {
    let [products, serials] = account.db(app)?.batch(Goods::statements(account.id, order)).await?;
    Ok(Goods::read(&products, &serials)?)
}

/// Where the buyer of a file gets it.
pub fn file_link(app: &App, order: &Order) -> String {
    format!("{}{}", order.origin, receipt::file_path(&app.platform.settings.token_keys, &order.id))
}

/// Tells the seller once that the product is low or out of stock, if this commit makes it so.
pub fn stock_events(
    app: &App,
    account: &Account,
    product: &Product,
    endpoints: &[Endpoint],
) -> Outcome<Vec<Statement>> {
    if product.stock().is_none() {
        return Ok(Vec::new());
    }
    let mut statements = Vec::new();
    for (event, told) in [(Event::ProductStockWarning, 1), (Event::ProductOutOfStock, 2)] {
        if event == Event::ProductStockWarning && product.stock_warning.is_none() {
            continue;
        }
        let subject = if told == 2 { product.with_stock(0) } else { product.clone() };
        let condition = product::sql::ran_low(told);
        let owed = webhook::outbox_entries_if(app, account.id, event, &subject, endpoints, &condition)?;
        statements.extend(owed);
        let (product_id, at) = (product.id.clone(), app.now());
        let fact = if told == 2 { Fact::RanOut { product_id, at } } else { Fact::RanLow { product_id, at } };
        statements.extend(mail::owe_if(app, account.id, &fact, &product.id, &condition));
        statements.push(product::sql::tell_stock(account.id, &product.id, told));
    }
    Ok(statements)
}
