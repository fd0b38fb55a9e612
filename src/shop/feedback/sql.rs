//! Statements and rows of `feedbacks`.

use super::{Feedback, Rating};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{list, order::Status},
};

const COLUMNS: &str =
    "id, order_id, product_id, product_title, rating, stars, comment, response, created_at, updated_at";

/// What `feedback` reads.
const SHOWN: &str =
    "seq, id, order_id, product_id, product_title, rating, stars, comment, response, created_at, updated_at";

/// How many there are, and the page: a range of `seq`, as that of orders.
pub fn page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    list::grown_page(account_id, "feedbacks", SHOWN, page, per_page)
}

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {SHOWN} FROM feedbacks WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

/// An order has one at most.
pub fn of_order(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        format!("SELECT {SHOWN} FROM feedbacks WHERE account_id = ?1 AND order_id = ?2"),
        vec![account_id.into(), order_id.into()],
    )
}

/// By its id, or by its number in the list.
pub fn named(account_id: i64, name: &str) -> Statement {
    list::named(account_id, "feedbacks", SHOWN, name)
}

pub fn feedback(row: &Row) -> Result<Feedback, Fault> {
    row.read(|row| {
        Ok(Feedback {
            seq: row.int(),
            id: row.text(),
            order_id: row.text(),
            product_id: row.text(),
            product_title: row.text(),
            rating: Rating::from_code(row.int()).ok_or_else(|| Fault("a feedback of an unknown rating".into()))?,
            stars: row.count(),
            comment: row.text(),
            response: row.text(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// Holds a commit to the order being completed: it may have been refunded since it was read.
pub fn still_completed(account_id: i64, order_id: &str) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?2 AND status = ?3)",
        vec![account_id.into(), order_id.into(), Status::Completed.code().into()],
    )
}

pub fn insert(account_id: i64, feedback: &Feedback) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO feedbacks (account_id, seq, {COLUMNS})
             SELECT ?1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM feedbacks WHERE account_id = ?1),
                    ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10"
        ),
        vec![
            account_id.into(),
            (&feedback.id).into(),
            (&feedback.order_id).into(),
            (&feedback.product_id).into(),
            (&feedback.product_title).into(),
            (feedback.rating as i64).into(),
            feedback.stars.into(),
            (&feedback.comment).into(),
            (&feedback.response).into(),
            feedback.created_at.into(),
        ],
    )
}

pub fn respond(account_id: i64, feedback: &Feedback) -> Statement {
    Statement::new(
        "UPDATE feedbacks SET response = ?3, updated_at = ?4 WHERE account_id = ?1 AND id = ?2",
        vec![account_id.into(), (&feedback.id).into(), (&feedback.response).into(), feedback.updated_at.into()],
    )
}

/// Holds a commit to the feedback being as it was read.
pub fn unchanged(account_id: i64, feedback: &Feedback) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM feedbacks WHERE account_id = ?1 AND id = ?2
                 AND rating = ?3 AND stars = ?4 AND comment = ?5 AND response = ?6)",
        vec![
            account_id.into(),
            (&feedback.id).into(),
            (feedback.rating as i64).into(),
            feedback.stars.into(),
            (&feedback.comment).into(),
            (&feedback.response).into(),
        ],
    )
}

/// Puts other words of the buyer's in place of theirs.
pub fn restate(account_id: i64, feedback: &Feedback) -> Statement {
    Statement::new(
        "UPDATE feedbacks SET rating = ?3, stars = ?4, comment = ?5, updated_at = ?6 WHERE account_id = ?1 AND id = ?2",
        vec![
            account_id.into(),
            (&feedback.id).into(),
            (feedback.rating as i64).into(),
            feedback.stars.into(),
            (&feedback.comment).into(),
            feedback.updated_at.into(),
        ],
    )
}
