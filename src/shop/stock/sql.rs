//! Statements and rows of `serials`. Many serials cross as one JSON text: a statement has a hundred parameters at most.

use std::collections::BTreeMap;

use super::{Gone, Serials, State, Taken, file::MAX_STOCK_BYTES};
use crate::{
    json,
    platform::{Fault, Row, Statement, Value},
};

/// Puts these in stock in place of what is there; held and sold ones stay. It stands behind the statement that has
/// counted them in the product's row. Without such a row nothing is committed: `serials.seq` is what the constraint names.
///
/// A seller sends the stock as they read it, and orders have taken of it since. So unless it is to be `all` of them, a serial
/// that the product's orders hold or had comes back so many times less, beyond those that are in stock still. The product's
/// row must be counted anew then.
pub fn replace(account_id: i64, product_id: &str, serials: &Serials, all: bool) -> [Statement; 2] {
    let (count, texts) = (serials.count(), texts(serials));
    if all {
        return [remove(account_id, product_id), add_some(account_id, product_id, count, texts)];
    }
    let added = "(SELECT serials_added FROM products WHERE account_id = ?1 AND id = ?2)";
    // What there is must be there still while it is looked at; what is added stands behind it.
    [
        Statement::new(
            format!(
                "INSERT INTO serials (account_id, product_id, state, seq, serial)
                 SELECT ?1, ?2, 0, {added} - ?3 + key + 1, value FROM (
                   SELECT key, value, row_number() OVER (PARTITION BY value ORDER BY key) AS nth FROM json_each(?4)) AS new
                 LEFT JOIN ({GONE}) AS gone ON gone.serial = new.value
                 WHERE gone.serial IS NULL OR nth <= there OR nth > there + taken"
            ),
            vec![account_id.into(), product_id.into(), count.into(), texts],
        ),
        Statement::new(
            format!(
                "DELETE FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0 AND seq <= {added} - ?3"
            ),
            vec![account_id.into(), product_id.into(), count.into()],
        ),
    ]
}

/// SQL: of each of these texts (?4) that the product's orders hold or had, how many it has in stock, and how many orders took.
const GONE: &str =
    "SELECT serial, SUM(state = 0) AS there, SUM(state <> 0) AS taken FROM serials INDEXED BY serials_text
     WHERE account_id = ?1 AND product_id = ?2 AND serial IN (SELECT value FROM json_each(?4))
     GROUP BY serial HAVING taken > 0";

/// The same as a statement of its own, for `gone_rows`.
pub fn gone(account_id: i64, product_id: &str, serials: &Serials) -> Statement {
    Statement::new(GONE.replace("?4", "?3"), vec![account_id.into(), product_id.into(), texts(serials)])
}

/// By the serial: how many are in stock, and how many orders took.
pub fn gone_rows(rows: &[Row]) -> Result<BTreeMap<String, Gone>, Fault> {
    let gone = |row: &Row| row.read(|row| Ok((row.text(), Gone { left: row.count(), taken: row.count() })));
    rows.iter().map(gone).collect()
}

/// Puts these in stock, behind the statement that has counted them.
pub fn add(account_id: i64, product_id: &str, serials: &Serials) -> Statement {
    add_some(account_id, product_id, serials.count(), texts(serials))
}

/// The same with a part of them, a JSON array. `left`: how many the part has, and all behind it.
fn add_some(account_id: i64, product_id: &str, left: u32, texts: Value) -> Statement {
    Statement::new(
        "INSERT INTO serials (account_id, product_id, state, seq, serial)
         SELECT ?1, ?2, 0, (SELECT serials_added FROM products WHERE account_id = ?1 AND id = ?2) - ?3 + key + 1, value
         FROM json_each(?4)",
        vec![account_id.into(), product_id.into(), left.into(), texts],
    )
}

/// Puts these in stock beside what is there, and counts them. With `unique` nothing is committed, as
/// stale, if the account has one of them by then.
pub fn fill(account_id: i64, product_id: &str, serials: &[&str], unique: bool, updated_at: i64) -> Vec<Statement> {
    // `MAX_SERIALS` fits.
    let mut left = serials.len() as u32;
    let mut statements = vec![Statement::new(
        "UPDATE products SET serials_left = serials_left + ?3, serials_added = serials_added + ?3, stock_told = 0, updated_at = ?4
         WHERE account_id = ?1 AND id = ?2",
        vec![account_id.into(), product_id.into(), left.into(), updated_at.into()],
    )];
    for part in parts(serials) {
        let texts: Value = json::to_text(part).into();
        if unique {
            statements.push(Statement::guard(
                "NOT EXISTS (SELECT 1 FROM json_each(?2) AS new WHERE EXISTS (
                   SELECT 1 FROM serials INDEXED BY serials_text WHERE account_id = ?1 AND serial = new.value))",
                vec![account_id.into(), texts.clone()],
            ));
        }
        statements.push(add_some(account_id, product_id, left, texts));
        left = left.saturating_sub(part.len() as u32);
    }
    statements
}

/// Which of these the product has already, in whatever state; with `unique_serials`, which the account
/// has. One statement for each part (`parts`): the places of those in it, with commas between.
pub fn known_of(account_id: i64, product_id: &str, part: &[&str]) -> Statement {
    Statement::new(
        "SELECT group_concat(new.key) AS places FROM json_each(?2) AS new WHERE EXISTS (
           SELECT 1 FROM serials INDEXED BY serials_text WHERE account_id = ?1 AND serial = new.value AND (product_id = ?3
             OR (SELECT unique_serials FROM products WHERE account_id = ?1 AND id = ?3) = 1))",
        vec![account_id.into(), json::to_text(part).into(), product_id.into()],
    )
}

/// Many serials in parts: each crosses as one JSON text, of which D1 takes 2,000,000 bytes. Quotes and
/// backslashes take twice their bytes there.
pub fn parts<'a, 'b>(serials: &'b [&'a str]) -> Vec<&'b [&'a str]> {
    const MAX: usize = 900_000;
    let (mut parts, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, serial) in serials.iter().enumerate() {
        bytes += serial.len() + 3;
        if bytes > MAX {
            parts.extend(serials.get(from..at));
            (from, bytes) = (at, serial.len() + 3);
        }
    }
    parts.extend(serials.get(from..).filter(|part| !part.is_empty()));
    parts
}

/// How many serials the product has in stock, or may have again, the bytes of all of them, and those
/// of what stands between two.
pub fn weight(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS count, COALESCE(SUM(LENGTH(CAST(serial AS BLOB))), 0) AS bytes,
           (SELECT LENGTH(CAST(stock_joint AS BLOB)) FROM products WHERE account_id = ?1 AND id = ?2) AS joint
         FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state IN (0, 1)",
        vec![account_id.into(), product_id.into()],
    )
}

/// Breaks `products_stock`, and the commit with it, where the product has more text in stock, or may
/// have again, than `info` can show.
pub fn fits(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "UPDATE products SET serials_left = -1 WHERE account_id = ?1 AND id = ?2 AND ?3 < (
           SELECT COALESCE(SUM(LENGTH(CAST(serial AS BLOB)) + LENGTH(CAST(products.stock_joint AS BLOB))), 0)
           FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state IN (0, 1))",
        vec![account_id.into(), product_id.into(), MAX_STOCK_BYTES.cast_signed().into()],
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
