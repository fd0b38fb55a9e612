//! Statements and rows of `payments`.

use super::{Payment, Request};
use crate::{
    json::{self, Pairs, Table},
    platform::{Fault, Row, Statement},
    shop::{
        blacklist::keys::Keys,
        event::Dialect,
        gateway::Gateway,
        money::{Amount, Currency},
        order,
        stock::expired,
        text::email,
    },
};

/// The wallet's own confirmations stand in where the request has none; a page needs none. A gateway for which the seller has set
/// up neither a wallet nor the page's account has none at all: then nothing is committed, and `payments.gateways` is named.
pub fn insert(account_id: i64, id: &str, request: &Request, now: i64, expires_at: i64) -> Statement {
    let item = request.product.as_ref().map(|(_, item)| item);
    let slugs: Vec<_> = request.choice.iter().map(Gateway::slug).collect();
    Statement::new(
        // D1 binds every number as a float, which JSON would write with a point.
        "INSERT INTO payments (account_id, id, title, email, value, currency, quantity, gateways,
                               return_url, webhook_url, custom, expires_at, created_at,
                               product_id, product_type, subtotal, coupon_id, email_key, email_keys, webhook_dialect)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,
                 (SELECT CASE COUNT(needed) WHEN COUNT(*) THEN json_group_object(gateway, needed) END FROM (
                    SELECT named.value AS gateway, COALESCE(
                      (SELECT COALESCE(CAST(?9 AS INTEGER), confirmations) FROM wallets
                       WHERE account_id = ?1 AND gateway = named.value AND active = 1),
                      (SELECT COALESCE(CAST(?9 AS INTEGER), 0) FROM gateway_settings WHERE account_id = ?1 AND gateway = named.value
                       AND name IN ('email', 'client_secret', 'secret_key') LIMIT 1), IIF(?5 = 0, 0, NULL)) AS needed
                    FROM json_each(?8) AS named)),
                 ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        vec![
            account_id.into(),
            id.into(),
            (&request.title).into(),
            request.email.clone().into(),
            request.price.minor().into(),
            request.price.currency().code().into(),
            request.quantity.into(),
            json::to_text(&slugs).into(),
            request.confirmations.into(),
            (&request.return_url).into(),
            request.webhook_url.clone().into(),
            request.custom.clone().into(),
            expires_at.into(),
            now.into(),
            request.product.as_ref().map(|(id, _)| id).into(),
            item.map(|item| item.kind as i64).into(),
            item.map(|item| item.subtotal).into(),
            item.and_then(|item| item.coupon_id.clone()).into(),
            request.email.as_deref().map(email::key).into(),
            request.email.as_deref().map(Keys::of_email).into(),
            request.webhook_dialect.name().into(),
        ],
    )
}

/// What stands in the way of being paid through `named.key`: no wallet that takes so much of its coin, and no account at its pages.
const UNPAYABLE: &str = "NOT EXISTS (SELECT 1 FROM wallets WHERE account_id = ?1 AND gateway = named.key AND active = 1
                               AND least <= COALESCE(named.value, least))
         AND NOT EXISTS (SELECT 1 FROM gateway_settings WHERE account_id = ?1 AND gateway = named.key
                           AND name IN ('email', 'client_secret', 'secret_key'))";

/// Holds a commit to the seller's being paid through each of these gateways, in coins so much of them as far as that is known.
pub fn all_payable(account_id: i64, values: &[(Gateway, Option<u64>)]) -> Statement {
    Statement::guard(
        &format!("NOT EXISTS (SELECT 1 FROM json_each(?2) AS named WHERE {UNPAYABLE})"),
        vec![account_id.into(), by_slug(values).into()],
    )
}

/// Those through which they aren't, in their order, and the least that each wallet takes; null without a wallet.
pub fn unpayable(account_id: i64, values: &[(Gateway, Option<u64>)]) -> Statement {
    Statement::new(
        format!(
            "SELECT named.key AS gateway,
                    (SELECT least FROM wallets WHERE account_id = ?1 AND gateway = named.key AND active = 1) AS least
             FROM json_each(?2) AS named WHERE {UNPAYABLE} ORDER BY named.id"
        ),
        vec![account_id.into(), by_slug(values).into()],
    )
}

/// The gateways that the account has set up, and the least that each wallet takes; null of a page's account.
pub fn set_up(account_id: i64) -> Statement {
    Statement::new(
        "SELECT gateway, least FROM wallets WHERE account_id = ?1 AND active = 1 UNION ALL
         SELECT DISTINCT gateway, NULL FROM gateway_settings
         WHERE account_id = ?1 AND name IN ('email', 'client_secret', 'secret_key')",
        vec![account_id.into()],
    )
}

pub fn unpayable_row(row: &Row) -> Result<(Gateway, Option<u64>), Fault> {
    row.read(|row| {
        let (slug, least) = (row.text(), row.maybe_int());
        let gateway = Gateway::parse(&slug).ok_or_else(|| Fault("a payment has an unknown gateway".into()))?;
        Ok((gateway, least.map(i64::cast_unsigned)))
    })
}

fn by_slug(values: &[(Gateway, Option<u64>)]) -> String {
    let values: Vec<_> = values.iter().map(|(gateway, value)| (gateway.slug(), value)).collect();
    json::to_text(&Pairs(&values))
}

/// With its product as it is now: its type, whether it is sold out, and what the order will take from its stock. A link may be older
/// than the stock's end.
pub fn by_id(account_id: i64, id: &str, now: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT payments.title, email, value, payments.currency, quantity, payments.gateways, return_url,
                    payments.webhook_url, payments.custom, expires_at, destroyed_at IS NOT NULL AS destroyed, product_id,
                    products.product_type, subtotal, coupon_id,
                    COALESCE(quantity * (products.product_type = 2 OR stock_amount IS NOT NULL), 0), {} AS sold_out,
                    webhook_dialect
             FROM payments LEFT JOIN products ON products.account_id = payments.account_id AND products.id = product_id
             WHERE payments.account_id = ?1 AND payments.id = ?2",
            expired::is_sold_out("?3")
        ),
        vec![account_id.into(), id.into(), now.into()],
    )
}

pub fn from_row(row: &Row) -> Result<Payment, Fault> {
    row.read(|row| {
        let title = row.text();
        let email = row.maybe_text();
        let minor = row.int();
        let currency = row.text();
        let price = Currency::parse(&currency)
            .and_then(|currency| Amount::new(minor, currency))
            .ok_or_else(|| Fault("a payment's amount can't be read".into()))?;
        let quantity = row.count();
        let Table(confirmations) =
            json::from_text(&row.text()).ok_or_else(|| Fault("a payment's gateways can't be read".into()))?;
        let (return_url, webhook_url, custom) = (row.text(), row.maybe_text(), row.maybe_text());
        let (expires_at, destroyed) = (row.int(), row.flag());
        let product = row.maybe_text();
        let item = order::sql::item(row)?;
        let (sold_out, webhook_dialect) = (row.flag(), Dialect::of_name(&row.text()));
        let product = product.zip(item);
        Ok(Payment {
            product,
            title,
            email,
            price,
            quantity,
            confirmations,
            return_url,
            webhook_url,
            webhook_dialect,
            custom,
            expires_at,
            destroyed,
            sold_out,
        })
    })
}

/// Of links that expired before this time: those that became an order are marked, and the others go, so many of both at a
/// time. Each answers a row. Before that the addresses that no order has go back to their wallets: of a link that was never
/// started all, of another those of the gateways that were not chosen. The order's id is the link's, as `payment::order_id` makes
/// it.
pub fn take_old(before: i64, most: u32) -> [Statement; 3] {
    const OLD: &str = "payments.rowid IN
           (SELECT rowid FROM payments WHERE started = 0 AND expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    const ITS_ORDER: &str = "orders.account_id = payments.account_id AND orders.id =
           substr(payments.id, 1, 8) || '-' || substr(payments.id, 9, 4) || '-4' || substr(payments.id, 14, 3) || '-' ||
           substr('89ab89ab89ab89ab', instr('0123456789abcdef', substr(payments.id, 17, 1)), 1) ||
           substr(payments.id, 18, 3) || '-' || substr(payments.id, 21, 12)";
    let started = format!("EXISTS (SELECT 1 FROM orders WHERE {ITS_ORDER})");
    [
        format!(
            "INSERT INTO free_addresses (account_id, gateway, identity, address_index)
             SELECT payments.account_id, taken.key, json_extract(taken.value, '$[0]'), json_extract(taken.value, '$[1]')
             FROM payments JOIN json_each(addresses) AS taken LEFT JOIN orders ON {ITS_ORDER}
             WHERE {OLD} AND orders.gateway IS NOT taken.key ON CONFLICT DO NOTHING"
        ),
        format!("UPDATE payments SET started = 1 WHERE {OLD} AND {started} RETURNING 1 AS gone"),
        format!("DELETE FROM payments WHERE {OLD} AND NOT {started} RETURNING 1 AS gone"),
    ]
    .map(|sql| Statement::new(sql, vec![before.into(), most.into()]))
}

/// Answers a row if it was.
pub fn is_destroyed(account_id: i64, id: &str) -> Statement {
    Statement::new(
        "SELECT 1 FROM payments WHERE account_id = ?1 AND id = ?2 AND destroyed_at IS NOT NULL",
        vec![account_id.into(), id.into()],
    )
}

/// Holds a commit to the payment's still being there.
pub fn still_there(account_id: i64, id: &str) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM payments WHERE account_id = ?1 AND id = ?2 AND destroyed_at IS NULL)",
        vec![account_id.into(), id.into()],
    )
}

/// Answers a row if it was there, whole, and without money.
pub fn destroy(account_id: i64, id: &str, order_id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE payments SET destroyed_at = ?4
         WHERE account_id = ?1 AND id = ?2 AND destroyed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?3 AND (status <> 0 OR crypto_received > 0))
         RETURNING id",
        vec![account_id.into(), id.into(), order_id.into(), now.into()],
    )
}
