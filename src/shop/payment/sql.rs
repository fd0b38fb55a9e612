//! Statements and rows of `payments`.

use super::{Payment, Request};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        gateway::Gateway,
        money::{Amount, Currency},
        order,
        stock::expired,
    },
};

/// The wallet's own confirmations stand in where the request has none; a page needs none. Where the seller has set up neither a
/// wallet nor the page's account there are none at all: nothing is committed, and `payments.confirmations` is named.
pub fn insert(account_id: i64, id: &str, request: &Request, now: i64, expires_at: i64) -> Statement {
    let item = request.product.as_ref().map(|(_, item)| item);
    Statement::new(
        "INSERT INTO payments (account_id, id, title, email, value, currency, quantity, gateway, confirmations,
                               return_url, webhook_url, custom, expires_at, created_at,
                               product_id, product_type, subtotal, coupon_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, COALESCE(
                   (SELECT COALESCE(?9, confirmations) FROM wallets
                    WHERE account_id = ?1 AND gateway = ?8 AND active = 1),
                   (SELECT COALESCE(?9, 0) FROM gateway_settings WHERE account_id = ?1 AND gateway = ?8
                    AND name IN ('email', 'client_secret', 'secret_key') LIMIT 1), IIF(?5 = 0, 0, NULL)), ?10, ?11, ?12, ?13, ?14,
                 ?15, ?16, ?17, ?18)",
        vec![
            account_id.into(),
            id.into(),
            (&request.title).into(),
            request.email.clone().into(),
            request.price.minor().into(),
            request.price.currency().code().into(),
            request.quantity.into(),
            request.gateway.slug().into(),
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
        ],
    )
}

/// With its product as it is now: its type, whether it is sold out, and what the order will take from its stock. A link may be older
/// than the stock's end.
pub fn by_id(account_id: i64, id: &str, now: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT payments.title, email, value, payments.currency, quantity, gateway, confirmations, return_url,
                    payments.webhook_url, payments.custom, expires_at, destroyed_at IS NOT NULL AS destroyed, product_id,
                    products.product_type, subtotal, coupon_id,
                    COALESCE(quantity * (products.product_type = 2 OR stock_amount IS NOT NULL), 0), {} AS sold_out
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
        let gateway = row.text();
        let gateway = Gateway::parse(&gateway).ok_or_else(|| Fault("a payment has an unknown gateway".into()))?;
        let confirmations = row.count();
        let (return_url, webhook_url, custom) = (row.text(), row.maybe_text(), row.maybe_text());
        let (expires_at, destroyed) = (row.int(), row.flag());
        let product = row.maybe_text();
        let item = order::sql::item(row)?;
        let sold_out = row.flag();
        let product = product.zip(item);
        let request = Request {
            product,
            title,
            email,
            price,
            quantity,
            gateway,
            confirmations: Some(confirmations),
            return_url,
            webhook_url,
            custom,
        };
        Ok(Payment { request, expires_at, destroyed, sold_out })
    })
}

/// Of links that expired before this time: those that became an order are marked, and the others go, so many of both at a
/// time. Each answers a row. The order's id is the link's, as `payment::order_id` makes it.
pub fn take_old(before: i64, most: u32) -> [Statement; 3] {
    const OLD: &str =
        "rowid IN (SELECT rowid FROM payments WHERE started = 0 AND expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    const STARTED: &str = "EXISTS (SELECT 1 FROM orders WHERE orders.account_id = payments.account_id AND orders.id =
           substr(payments.id, 1, 8) || '-' || substr(payments.id, 9, 4) || '-4' || substr(payments.id, 14, 3) || '-' ||
           substr('89ab89ab89ab89ab', instr('0123456789abcdef', substr(payments.id, 17, 1)), 1) ||
           substr(payments.id, 18, 3) || '-' || substr(payments.id, 21, 12))";
    [
        format!("UPDATE payments SET started = 1 WHERE {OLD} AND {STARTED} RETURNING 1 AS gone"),
        format!(
            "INSERT INTO free_addresses (account_id, gateway, identity, address_index)
             SELECT account_id, gateway, address_wallet, address_index FROM payments
             WHERE {OLD} AND NOT {STARTED} AND address_wallet IS NOT NULL ON CONFLICT DO NOTHING"
        ),
        format!("DELETE FROM payments WHERE {OLD} AND NOT {STARTED} RETURNING 1 AS gone"),
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
