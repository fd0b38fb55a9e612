//! Statements and rows of `blocked`.

use super::{Blocked, KEPT};
use crate::{
    json,
    platform::{Fault, Row, Statement},
    shop::{
        gateway::Gateway,
        list,
        money::{Amount, Currency},
    },
};

const COLUMNS: &str = "id, payment_id, product_id, product_title, email, ip_address, network, country_code, user_agent, \
    value, currency, quantity, gateway, facts, reasons, test, created_at";

/// How many there are, and the page: a range of `seq`, which has no gaps.
pub fn page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    let [_, rows] = list::grown_page(account_id, "blocked", COLUMNS, page, per_page);
    let total = "SELECT COALESCE((SELECT MAX(seq) FROM blocked WHERE account_id = ?1) - (SELECT MIN(seq) FROM blocked WHERE account_id = ?1) + 1, 0)";
    [Statement::new(total, vec![account_id.into()]), rows]
}

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM blocked WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn blocked(row: &Row) -> Result<Blocked, Fault> {
    let unknown = || Fault("a refused attempt can't be read".into());
    row.read(|row| {
        let id = row.text();
        let payment_id = row.maybe_text();
        let (product_id, product_title) = (row.text(), row.text());
        let (email, ip_address, network) = (row.maybe_text(), row.maybe_text(), row.maybe_text());
        let (country_code, user_agent) = (row.maybe_text(), row.maybe_text());
        let (minor, currency) = (row.int(), row.text());
        let price = Currency::parse(&currency).and_then(|currency| Amount::new(minor, currency)).ok_or_else(unknown)?;
        let quantity = row.count();
        let gateway = Gateway::parse(&row.text()).ok_or_else(unknown)?;
        let facts = row.text();
        let reasons = json::from_text(&row.text()).ok_or_else(unknown)?;
        Ok(Blocked {
            id,
            payment_id,
            product_id,
            product_title,
            email,
            ip_address,
            network,
            country_code,
            user_agent,
            price,
            quantity,
            gateway,
            facts,
            reasons,
            test: row.flag(),
            created_at: row.int(),
        })
    })
}

/// Appends an attempt. It is never older than the one before, or else the oldest to go could leave a gap.
pub fn insert(account_id: i64, blocked: &Blocked) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO blocked (account_id, seq, {COLUMNS})
             SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                    MAX(?18, COALESCE((SELECT created_at FROM blocked WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1), 0))
             FROM (SELECT seq FROM blocked WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1)"
        ),
        vec![
            account_id.into(),
            (&blocked.id).into(),
            blocked.payment_id.clone().into(),
            (&blocked.product_id).into(),
            (&blocked.product_title).into(),
            blocked.email.clone().into(),
            blocked.ip_address.clone().into(),
            blocked.network.clone().into(),
            blocked.country_code.clone().into(),
            blocked.user_agent.clone().into(),
            blocked.price.minor().into(),
            blocked.price.currency().code().into(),
            blocked.quantity.into(),
            blocked.gateway.slug().into(),
            (&blocked.facts).into(),
            json::to_text(&blocked.reasons).into(),
            blocked.test.into(),
            blocked.created_at.into(),
        ],
    )
}

/// Deletes what is too old, the oldest first, so many at most. Answers a row for each.
pub fn take_old(now: i64, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM blocked WHERE rowid IN (SELECT rowid FROM blocked WHERE created_at < ?1 ORDER BY created_at, seq LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - KEPT).into(), most.into()],
    )
}
