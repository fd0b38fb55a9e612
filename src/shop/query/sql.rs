//! Statements and rows of `queries` and `query_replies`.

use super::{Query, Reply, Side, Status};
use crate::platform::{Fault, Reader, Row, Statement};

const COLUMNS: &str = "id, order_id, status, subject, email, message, replies, size, created_at, updated_at";
const REPLY: &str = "id, sender, message, created_at";

/// How many there are, and the page: a range of `seq`, as that of orders, each row with the query's newest reply.
pub fn page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    let skip = i64::from(page - 1) * i64::from(per_page);
    let columns = COLUMNS.split(", ").map(|column| format!("q.{column}")).collect::<Vec<_>>().join(", ");
    [
        Statement::new("SELECT COALESCE(MAX(seq), 0) FROM queries WHERE account_id = ?1", vec![account_id.into()]),
        Statement::new(
            format!(
                "SELECT {columns}, r.id AS reply_id, r.sender, r.message AS reply_message, r.created_at AS replied_at
                 FROM queries q
                 LEFT JOIN query_replies r ON r.account_id = ?1 AND r.query_id = q.id AND r.number = q.replies
                 WHERE q.account_id = ?1 AND q.seq <= (SELECT MAX(seq) FROM queries WHERE account_id = ?1) - ?2
                 ORDER BY q.seq DESC LIMIT ?3"
            ),
            vec![account_id.into(), skip.into(), per_page.into()],
        ),
    ]
}

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM queries WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

/// The newest of a query's replies, newest first.
pub fn replies(account_id: i64, query_id: &str, most: u32) -> Statement {
    Statement::new(
        format!(
            "SELECT {REPLY} FROM query_replies WHERE account_id = ?1 AND query_id = ?2 ORDER BY number DESC LIMIT ?3"
        ),
        vec![account_id.into(), query_id.into(), most.into()],
    )
}

/// One of a query's replies, by its number.
pub fn numbered_reply(account_id: i64, query_id: &str, number: u32) -> Statement {
    Statement::new(
        format!("SELECT {REPLY} FROM query_replies WHERE account_id = ?1 AND query_id = ?2 AND number = ?3"),
        vec![account_id.into(), query_id.into(), number.into()],
    )
}

pub fn reply_row(row: &Row) -> Result<Reply, Fault> {
    row.read(reply)
}

pub fn query(row: &Row, replies: &[Row]) -> Result<Query, Fault> {
    let mut query = row.read(read)?;
    query.replies = replies.iter().map(|row| row.read(reply)).collect::<Result<_, _>>()?;
    Ok(query)
}

/// A row of `page`.
pub fn with_newest(row: &Row) -> Result<Query, Fault> {
    row.read(|row| {
        let mut query = read(row)?;
        if query.replies_count > 0 {
            query.replies.push(reply(row)?);
        }
        Ok(query)
    })
}

fn read(row: &mut Reader<'_>) -> Result<Query, Fault> {
    Ok(Query {
        id: row.text(),
        order_id: row.maybe_text(),
        status: Status::from_code(row.int()).ok_or_else(|| Fault("a query of an unknown status".into()))?,
        subject: row.text(),
        email: row.text(),
        message: row.text(),
        replies: Vec::new(),
        replies_count: row.count(),
        size: row.count(),
        created_at: row.int(),
        updated_at: row.int(),
    })
}

fn reply(row: &mut Reader<'_>) -> Result<Reply, Fault> {
    Ok(Reply {
        id: row.text(),
        from: Side::parse(&row.text()).ok_or_else(|| Fault("a reply of an unknown sender".into()))?,
        message: row.text(),
        created_at: row.int(),
    })
}

pub fn insert(account_id: i64, query: &Query) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO queries (account_id, seq, {COLUMNS})
             SELECT ?1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM queries WHERE account_id = ?1),
                    ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?9"
        ),
        vec![
            account_id.into(),
            (&query.id).into(),
            query.order_id.clone().into(),
            (query.status as i64).into(),
            (&query.subject).into(),
            (&query.email).into(),
            (&query.message).into(),
            query.size.into(),
            query.created_at.into(),
        ],
    )
}

/// Holds a commit to the query being as it was read: each reply adds one, each close moves the status.
pub fn unchanged(account_id: i64, query: &Query) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM queries WHERE account_id = ?1 AND id = ?2 AND replies = ?3 AND status = ?4)",
        vec![account_id.into(), (&query.id).into(), query.replies_count.into(), (query.status as i64).into()],
    )
}

pub fn update(account_id: i64, query: &Query) -> Statement {
    Statement::new(
        "UPDATE queries SET status = ?3, replies = ?4, size = ?5, updated_at = ?6 WHERE account_id = ?1 AND id = ?2",
        vec![
            account_id.into(),
            (&query.id).into(),
            (query.status as i64).into(),
            query.replies_count.into(),
            query.size.into(),
            query.updated_at.into(),
        ],
    )
}

/// The query's newest: it takes the last number.
pub fn insert_reply(account_id: i64, query: &Query, reply: &Reply) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO query_replies (account_id, query_id, number, {REPLY}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ),
        vec![
            account_id.into(),
            (&query.id).into(),
            query.replies_count.into(),
            (&reply.id).into(),
            reply.from.name().into(),
            (&reply.message).into(),
            reply.created_at.into(),
        ],
    )
}

/// Those about an order, oldest first. By itself SQLite might take the account alone for the key.
pub fn of_order(account_id: i64, order_id: &str, most: u32) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS} FROM queries INDEXED BY queries_order
             WHERE account_id = ?1 AND order_id = ?2 ORDER BY seq LIMIT ?3"
        ),
        vec![account_id.into(), order_id.into(), most.into()],
    )
}

/// Holds a commit that adds one to there being no more about the order.
pub fn has_room(account_id: i64, order_id: &str, most: u32) -> Statement {
    Statement::guard(
        "(SELECT COUNT(*) FROM queries INDEXED BY queries_order WHERE account_id = ?1 AND order_id = ?2) <= ?3",
        vec![account_id.into(), order_id.into(), most.into()],
    )
}
