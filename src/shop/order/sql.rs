//! Statements and rows of `orders`.

use super::{
    Buyer, Delivery, Order, Review, Status,
    facts::{self, InRow},
};
use crate::{
    json,
    platform::{Fault, Reader, Row, Statement, Value},
    shop::{
        account::policy::Policy,
        event::Dialect,
        fraud::{Judgement, Reasons},
        gateway::{Gateway, Invoice, Session, SessionState},
        hold::Item,
        list,
        money::{Amount, Currency, Decimal},
        product::Kind,
        text::email,
    },
};

/// In two, because D1 gives a function 32 arguments at most. What stands in neither is `BESIDE`: it is no part of
/// what an order is made of, or there is no room.
const COLUMNS: [&str; 2] = [
    "account_id, id, revision, payment_id, product_id, product_title, \
    email, ip_address, country_code, user_agent, referral, \
    value, currency, quantity, gateway, confirmations_needed, risk_level, status, delivered, \
    usd_value, exchange_rate, crypto_base, crypto_cursor, \
    session_id, session_url, session_expires_at, session_state, session_past, paid_value, refunded_value, wrong_currency, inquiry",
    "crypto_value, crypto_address, crypto_index, crypto_received, crypto_confirmations, \
    crypto_rate, rate_source, rate_at, quote_expires_at, quote_base, quote_credit, late, \
    custom, return_url, webhook_url, test, sync_generation, sync_lease, paid_at, created_at, updated_at, \
    product_type, subtotal, coupon_id, held, delivery, origin, accepted, \
    underpayment_per_mille, spread_basis_points, quote_minutes, watch_hours",
];

/// An order as one text, which comes as the values in it (see `Packed`).
pub fn row() -> String {
    let [first, second] = COLUMNS;
    format!("json_array(json_array({first}), json_array({second}), json_array({BESIDE})) AS packed")
}

/// The same with so many characters of what was delivered.
pub fn row_cut(characters: u32) -> String {
    row().replace(" delivered,", &format!(" substr(delivered, 1, {characters}),"))
}

const BESIDE: &str =
    "downloads, seq, product_seq, custom_names, transaction_id, disputed_at, webhook_dialect, abandoned_at, review";

pub fn by_id(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {} FROM orders WHERE account_id = ?1 AND id = ?2", row()),
        vec![account_id.into(), id.into()],
    )
}

/// By its id, or by its number in the list.
pub fn named(account_id: i64, name: &str) -> Statement {
    list::named(account_id, "orders", &row(), name)
}

/// What was known and decided when it was begun.
pub fn risk(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {}, reasons FROM orders WHERE account_id = ?1 AND id = ?2", facts::COLUMNS),
        vec![account_id.into(), id.into()],
    )
}

pub fn read_risk(row: &Row) -> Result<(String, Reasons), Fault> {
    row.read(|row| {
        let (said, kept) = InRow::read(row)?;
        let reasons = row.text();
        let facts = kept.and_then(|kept| facts::put_back(&said, &kept));
        let facts = facts.ok_or_else(|| Fault("an order's facts can't be read".into()))?;
        let reasons = json::from_text(&reasons).ok_or_else(|| Fault("an order's reasons can't be read".into()))?;
        Ok((json::to_text(&facts), reasons))
    })
}

/// How many there are, and the page: a range of `seq`, whose cost does not depend on how deep it lies.
pub fn page(account_id: i64, row: &str, page: u32, per_page: u32) -> [Statement; 2] {
    list::grown_page(account_id, "orders", row, page, per_page)
}

pub fn from_row(row: &Row) -> Result<Order, Fault> {
    row.read(|row| {
        let account_id = row.int();
        let id = row.text();
        let revision = row.int();
        let payment_id = row.maybe_text();
        let product_id = row.text();
        let product_title = row.text();
        let buyer = Buyer {
            email: row.maybe_text(),
            ip_address: row.maybe_text(),
            country_code: row.maybe_text(),
            user_agent: row.maybe_text(),
            referral: row.maybe_text(),
        };
        let minor = row.int();
        let price = amount(minor, currency(&row.text())?)?;
        let mut order = Order {
            account_id,
            seq: 0,
            id,
            revision,
            origin: String::new(),
            payment_id,
            product_id,
            product_title,
            buyer,
            price,
            quantity: row.count(),
            gateway: gateway(&row.text())?,
            confirmations_needed: row.count(),
            risk_level: row.count(),
            status: status(row.int())?,
            item: None,
            delivery: None,
            accepted: false,
            review: Review::None,
            delivered: row.maybe_text(),
            usd_value: match row.maybe_int() {
                Some(minor) => Some(amount(minor, Currency::USD)?),
                None => None,
            },
            exchange_rate: row.maybe_text().as_deref().map(decimal).transpose()?,
            invoice: Invoice {
                held_before: row.units(),
                cursor: row.maybe_int().and_then(|height| u32::try_from(height).ok()),
                ..Invoice::default()
            },
            session: session(row),
            paid_value: row.int(),
            refunded_value: row.int(),
            wrong_currency: row.flag(),
            inquiry: row.flag(),
            policy: Policy::default(),
            custom: None,
            return_url: None,
            webhook_url: None,
            webhook_dialect: Dialect::V2,
            product_seq: None,
            custom_names: None,
            transaction_id: None,
            disputed_at: None,
            product: None,
            test: false,
            downloads: 0,
            abandoned_at: None,
            sync_generation: 0,
            sync_lease: None,
            paid_at: None,
            created_at: 0,
            updated_at: 0,
        };
        invoice(row, &mut order.invoice)?;
        Ok(Order {
            custom: row.maybe_text(),
            return_url: row.maybe_text(),
            webhook_url: row.maybe_text(),
            test: row.flag(),
            sync_generation: row.int(),
            sync_lease: row.maybe_int(),
            paid_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
            item: item(row)?,
            delivery: row.maybe_text().as_deref().map(delivery).transpose()?,
            origin: row.text(),
            accepted: row.flag(),
            policy: Policy::read(row),
            downloads: row.count(),
            seq: row.int(),
            product_seq: row.maybe_int(),
            custom_names: row.maybe_text(),
            transaction_id: row.maybe_text(),
            disputed_at: row.maybe_int(),
            webhook_dialect: Dialect::of_name(&row.text()),
            abandoned_at: row.maybe_int(),
            review: Review::from_code(row.int()),
            ..order
        })
    })
}

/// Null in an order without a product.
pub fn item(row: &mut Reader<'_>) -> Result<Option<Item>, Fault> {
    let (kind, subtotal, coupon_id, units) = (row.maybe_int(), row.maybe_int(), row.maybe_text(), row.count());
    let Some(kind) = kind else { return Ok(None) };
    let kind = Kind::from_code(kind).ok_or_else(|| Fault("an order is for an unknown type of product".into()))?;
    Ok(Some(Item { kind, subtotal: subtotal.unwrap_or_default(), units, coupon_id }))
}

fn delivery(word: &str) -> Result<Delivery, Fault> {
    Delivery::parse(word).ok_or_else(|| Fault(format!("an order has an unknown delivery: {word}")))
}

fn session(row: &mut Reader<'_>) -> Option<Session> {
    let (id, url, expires_at) = (row.maybe_text(), row.maybe_text(), row.maybe_int());
    let (state, past) = (SessionState::from_code(row.int()), row.text());
    let past = past.split_whitespace().map(str::to_owned).collect();
    Some(Session { id: id?, url: url.unwrap_or_default(), expires_at, state, past })
}

/// The ids of its earlier pages, which have no spaces.
fn past(order: &Order) -> String {
    order.session.as_ref().map(|session| session.past.join(" ")).unwrap_or_default()
}

/// The columns of coins, which are null in an order that is paid on a page.
fn invoice(row: &mut Reader<'_>, invoice: &mut Invoice) -> Result<(), Fault> {
    let units = |n: Option<i64>| n.map_or(Ok(0), u64::try_from).map_err(|_| Fault("a sum of coins is negative".into()));
    invoice.value = units(row.maybe_int())?;
    invoice.address = row.maybe_text().unwrap_or_default();
    invoice.index = row.maybe_int().and_then(|index| u32::try_from(index).ok());
    if invoice.index.is_none() {
        // Once it was given back, the address is another order's. The row keeps it, for whoever searches there.
        invoice.address.clear();
    }
    invoice.received = row.units();
    invoice.confirmations = row.count();
    if let Some(rate) = row.maybe_text() {
        invoice.rate = decimal(&rate)?;
    }
    invoice.rate_source = row.maybe_text().unwrap_or_default();
    invoice.rate_at = row.maybe_int().unwrap_or_default();
    invoice.expires_at = row.maybe_int().unwrap_or_default();
    invoice.base = row.units();
    invoice.credit = row.int();
    invoice.late = row.flag();
    Ok(())
}

fn amount(minor: i64, currency: Currency) -> Result<Amount, Fault> {
    Amount::new(minor, currency).ok_or_else(|| Fault("a stored amount is negative".into()))
}
fn currency(code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault(format!("an order is in an unknown currency: {code}")))
}
fn gateway(name: &str) -> Result<Gateway, Fault> {
    Gateway::parse(name).ok_or_else(|| Fault(format!("an order has an unknown gateway: {name}")))
}
fn status(code: i64) -> Result<Status, Fault> {
    Status::from_code(code).ok_or_else(|| Fault(format!("an order has an unknown status: {code}")))
}
fn decimal(text: &str) -> Result<Decimal, Fault> {
    Decimal::parse(text).map_err(|_| Fault("a stored rate is not a decimal".into()))
}

/// Appends an order. Its `seq` is one more than the account's last: D1 has one writer, so no two get the same. What it keeps of its
/// product (`?5`) is read here.
pub fn insert(order: &Order, judgement: &Judgement) -> Statement {
    let invoice = &order.invoice;
    let buyer = &order.buyer;
    let coins = |value: Value| if order.session.is_none() { value } else { Value::Null };
    let session = order.session.as_ref();
    let item = order.item.as_ref();
    let mut args: Vec<Value> = vec![
        order.account_id.into(),
        (&order.id).into(),
        order.revision.into(),
        order.payment_id.clone().into(),
        (&order.product_id).into(),
        (&order.product_title).into(),
        buyer.email.clone().into(),
        buyer.ip_address.clone().into(),
        buyer.country_code.clone().into(),
        buyer.user_agent.clone().into(),
        buyer.referral.clone().into(),
        order.price.minor().into(),
        order.price.currency().code().into(),
        order.quantity.into(),
        order.gateway.slug().into(),
        order.confirmations_needed.into(),
        order.risk_level.into(),
        order.status.code().into(),
        order.delivered.clone().into(),
        order.usd_value.map(|amount| amount.minor()).into(),
        order.exchange_rate.map(|rate| rate.to_text()).into(),
        invoice.held_before.cast_signed().into(),
        invoice.cursor.into(),
        session.map(|session| &session.id).into(),
        session.map(|session| &session.url).into(),
        session.and_then(|session| session.expires_at).into(),
        session.map_or(0, |session| session.state.code()).into(),
        past(order).into(),
        order.paid_value.into(),
        order.refunded_value.into(),
        order.wrong_currency.into(),
        order.inquiry.into(),
        coins(invoice.value.cast_signed().into()),
        coins((&invoice.address).into()),
        invoice.index.into(),
        invoice.received.cast_signed().into(),
        invoice.confirmations.into(),
        coins(invoice.rate.to_text().into()),
        coins((&invoice.rate_source).into()),
        coins(invoice.rate_at.into()),
        coins(invoice.expires_at.into()),
        invoice.base.cast_signed().into(),
        invoice.credit.into(),
        invoice.late.into(),
        order.custom.clone().into(),
        order.return_url.clone().into(),
        order.webhook_url.clone().into(),
        order.test.into(),
        order.sync_generation.into(),
        order.sync_lease.into(),
        order.paid_at.into(),
        order.created_at.into(),
        order.updated_at.into(),
        item.map(|item| item.kind as i64).into(),
        item.map(|item| item.subtotal).into(),
        item.and_then(|item| item.coupon_id.clone()).into(),
        item.map_or(0, |item| item.units).into(),
        order.delivery.map(Delivery::word).into(),
        (&order.origin).into(),
        order.accepted.into(),
    ];
    args.extend(order.policy.values());
    args.push(buyer.email.as_deref().and_then(email::kept_key).into());
    args.push(judgement.network.clone().into());
    args.push(facts::keep(order, judgement).into());
    args.push(json::to_text(&judgement.reasons).into());
    args.push(order.webhook_dialect.name().into());
    args.push(order.review.code().into());
    let places: Vec<String> = (1..=args.len()).map(|n| format!("?{n}")).collect();
    let [first, second] = COLUMNS;
    Statement::new(
        format!(
            "INSERT INTO orders (seq, product_seq, custom_names, {first}, {second}, email_key, network, facts, reasons, webhook_dialect, review)
             SELECT (SELECT COALESCE(MAX(seq), 0) + 1 FROM orders WHERE account_id = ?1), p.seq,
                    IIF(p.seq IS NULL, NULL, (SELECT json_group_array(json_extract(value, '$.name')) FROM json_each(p.custom))), {}
             FROM (SELECT ?5 AS wanted) LEFT JOIN products p ON p.id = wanted AND p.account_id = ?1",
            places.join(", ")
        ),
        args,
    )
}

/// Writes what a sync, a new quote or a test can change, provided that nobody changed the order since it was read.
/// `order.revision` is the one that was read.
pub fn update(order: &Order) -> [Statement; 2] {
    let invoice = &order.invoice;
    let session = order.session.as_ref();
    let coins = |value: Value| if session.is_none() { value } else { Value::Null };
    [
        Statement::guard(
            "EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?2 AND revision = ?3)",
            vec![order.account_id.into(), (&order.id).into(), order.revision.into()],
        ),
        Statement::new(
            "UPDATE orders SET revision = revision + 1, status = ?3, delivered = ?4,
             crypto_value = ?5, crypto_received = ?6, crypto_confirmations = ?7,
             crypto_rate = ?8, rate_source = ?9, rate_at = ?10, quote_expires_at = ?11, late = ?12,
             sync_generation = ?13, sync_lease = ?14, sync_failures = 0, paid_at = ?15, updated_at = ?16, quote_base = ?17, quote_credit = ?18,
             session_id = ?19, session_url = ?20, session_expires_at = ?21, paid_value = ?22, refunded_value = ?23,
             wrong_currency = ?24, crypto_cursor = ?25, crypto_index = ?26, session_state = ?27, inquiry = ?28, session_past = ?29, delivery = ?30,
             accepted = ?31, transaction_id = ?32, disputed_at = ?33, review = ?34
             WHERE account_id = ?1 AND id = ?2",
            vec![
                order.account_id.into(),
                (&order.id).into(),
                order.status.code().into(),
                order.delivered.clone().into(),
                coins(invoice.value.cast_signed().into()),
                invoice.received.cast_signed().into(),
                invoice.confirmations.into(),
                coins(invoice.rate.to_text().into()),
                coins((&invoice.rate_source).into()),
                coins(invoice.rate_at.into()),
                coins(invoice.expires_at.into()),
                invoice.late.into(),
                order.sync_generation.into(),
                order.sync_lease.into(),
                order.paid_at.into(),
                order.updated_at.into(),
                invoice.base.cast_signed().into(),
                invoice.credit.into(),
                session.map(|session| &session.id).into(),
                session.map(|session| &session.url).into(),
                session.and_then(|session| session.expires_at).into(),
                order.paid_value.into(),
                order.refunded_value.into(),
                order.wrong_currency.into(),
                invoice.cursor.into(),
                invoice.index.into(),
                session.map_or(0, |session| session.state.code()).into(),
                order.inquiry.into(),
                past(order).into(),
                order.delivery.map(Delivery::word).into(),
                order.accepted.into(),
                order.transaction_id.clone().into(),
                order.disputed_at.into(),
                order.review.code().into(),
            ],
        ),
    ]
}
