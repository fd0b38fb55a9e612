//! Statements and rows of `serials`. Many serials cross as one JSON text: a statement has a hundred parameters at most.

use super::{Serials, State, Taken};
use crate::{
    json,
    platform::{Fault, Row, Statement, Value},
};

/// Puts these in stock in place of what is there; held and sold ones stay. It stands behind the statement that has
/// counted them in the product's row. Without such a row nothing is committed: `serials.seq` is what the constraint names.
pub fn replace(account_id: i64, product_id: &str, serials: &Serials) -> [Statement; 2] {
    [remove(account_id, product_id), add(account_id, product_id, serials)]
}

/// Puts these in stock, behind the statement that has counted them.
pub fn add(account_id: i64, product_id: &str, serials: &Serials) -> Statement {
    Statement::new(
        "INSERT INTO serials (account_id, product_id, state, seq, serial)
         SELECT ?1, ?2, 0, (SELECT serials_added FROM products WHERE account_id = ?1 AND id = ?2) - ?3 + key + 1, value
         FROM json_each(?4)",
        vec![account_id.into(), product_id.into(), serials.count().into(), texts(serials)],
    )
}

/// Takes away what is in stock.
pub fn remove(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "DELETE FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0",
        vec![account_id.into(), product_id.into()],
    )
}

/// What is in stock, as one text: `info`.
const INFO: &str = "(SELECT group_concat(serial, (SELECT stock_joint FROM products WHERE account_id = ?1 AND id = ?2))
     FROM (SELECT serial FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0 ORDER BY seq))";

pub fn info(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        format!("SELECT {INFO} AS info FROM products WHERE account_id = ?1 AND id = ?2 AND product_type = 2"),
        vec![account_id.into(), product_id.into()],
    )
}

/// Nothing is committed, as stale, unless the stock is still what was read.
pub fn unchanged(account_id: i64, product_id: &str, info: &Option<String>) -> Statement {
    Statement::guard(&format!("{INFO} IS ?3"), vec![account_id.into(), product_id.into(), info.clone().into()])
}

/// So many of these serials that the account has already, but for those that the product would replace.
pub fn taken(account_id: i64, product_id: &str, serials: &Serials, most: u32) -> Statement {
    Statement::new(
        "SELECT serial, product_id, state FROM serials INDEXED BY serials_text
         WHERE account_id = ?1 AND serial IN (SELECT value FROM json_each(?2)) AND NOT (product_id = ?3 AND state = 0)
         ORDER BY serial LIMIT ?4",
        vec![account_id.into(), texts(serials), product_id.into(), most.into()],
    )
}

pub fn taken_row(row: &Row) -> Result<Taken, Fault> {
    row.read(|row| {
        let (serial, product_id) = (row.text(), row.text());
        let state = State::from_code(row.int()).ok_or_else(|| Fault("a serial in an unknown state".into()))?;
        Ok(Taken { serial, product_id, state })
    })
}

const KNOWN: &str = "FROM json_each(?2) AS new WHERE EXISTS
     (SELECT 1 FROM serials INDEXED BY serials_text WHERE account_id = ?1 AND serial = new.value AND NOT (product_id = ?3 AND state = 0))";

/// How many different ones of these the account has already, but for those that the product would replace.
pub fn count_known(account_id: i64, product_id: &str, serials: &Serials) -> Statement {
    Statement::new(
        format!("SELECT COUNT(DISTINCT new.value) {KNOWN}"),
        vec![account_id.into(), texts(serials), product_id.into()],
    )
}

/// Nothing is committed, as stale, unless the account has none of these.
pub fn none_known(account_id: i64, product_id: &str, serials: &Serials) -> Statement {
    Statement::guard(
        &format!("NOT EXISTS (SELECT 1 {KNOWN})"),
        vec![account_id.into(), texts(serials), product_id.into()],
    )
}

fn texts(serials: &Serials) -> Value {
    json::to_text(&serials.all).into()
}
