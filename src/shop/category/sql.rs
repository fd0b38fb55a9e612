//! Statements and rows of `categories`.

use super::Category;
use crate::{
    platform::{Fault, Row, Statement},
    shop::{list, upload},
};

pub const TABLE: &str = "categories";
pub const COLUMNS: &str = "id, title, product_ids, unlisted, image_id, image_size, image_type, image_name, image_width, image_height, created_at, updated_at";

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM categories WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn category(row: &Row) -> Result<Category, Fault> {
    row.read(|row| {
        Ok(Category {
            id: row.text(),
            title: row.text(),
            product_ids: row.text(),
            unlisted: row.flag(),
            image: upload::read_image(row)?,
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

pub fn insert(account_id: i64, category: &Category) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO categories (account_id, seq, id, title, product_ids, unlisted, created_at, updated_at)
             SELECT ?1, {}, ?2, ?3, ?4, ?5, ?6, ?6",
            list::next_seq(TABLE)
        ),
        vec![
            account_id.into(),
            (&category.id).into(),
            (&category.title).into(),
            (&category.product_ids).into(),
            category.unlisted.into(),
            category.created_at.into(),
        ],
    )
}

/// Answers the whole row, if it was there.
pub fn update(account_id: i64, category: &Category) -> Statement {
    Statement::new(
        format!(
            "UPDATE categories SET title = ?3, product_ids = ?4, unlisted = ?5, updated_at = ?6
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        vec![
            account_id.into(),
            (&category.id).into(),
            (&category.title).into(),
            (&category.product_ids).into(),
            category.unlisted.into(),
            category.updated_at.into(),
        ],
    )
}
