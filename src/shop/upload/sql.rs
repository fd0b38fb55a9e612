//! Statements of the columns that tell of an upload, in whichever table they are, and of
//! `unnamed_objects`.

use super::{At, Place, Upload};
use crate::platform::Statement;

/// The columns of a place.
fn columns(place: Place) -> &'static str {
    match place {
        Place::Image => "image_id, image_size, image_type, image_name, image_width, image_height",
        Place::File => "file_id, file_size, file_type, file_name",
    }
}

pub fn one(account_id: i64, (table, id, place): At<'_>) -> Statement {
    Statement::new(
        format!("SELECT {} FROM {table} WHERE account_id = ?1 AND id = ?2", columns(place)),
        vec![account_id.into(), id.into()],
    )
}

/// Which of these images, a JSON array of ids, are the account's: of its products, its categories, its logo.
pub fn own(account_id: i64, ids: &str) -> Statement {
    let of = |table: &str| {
        format!(
            "SELECT image_id FROM {table} WHERE account_id = ?1 AND image_id IS NOT NULL AND image_id IN (SELECT value FROM json_each(?2))"
        )
    };
    let tables = ["products INDEXED BY products_image", "categories INDEXED BY categories_image", "logos"];
    Statement::new(tables.map(of).join(" UNION ALL "), vec![account_id.into(), ids.into()])
}

pub fn write(account_id: i64, (table, id, place): At<'_>, upload: Option<&Upload>, now: i64) -> Statement {
    let named = place.column();
    let mut args = vec![
        account_id.into(),
        id.into(),
        now.into(),
        upload.map(|upload| &upload.id).into(),
        upload.map(|upload| upload.size).into(),
        upload.map(|upload| &upload.mime).into(),
        upload.map(|upload| &upload.name).into(),
    ];
    let places = match place {
        Place::Image => {
            let pixels = upload.and_then(|upload| upload.pixels);
            args.extend([pixels.map(|(width, _)| width).into(), pixels.map(|(_, height)| height).into()]);
            "?4, ?5, ?6, ?7, ?8, ?9"
        }
        Place::File => "?4, ?5, ?6, ?7",
    };
    Statement::new(
        format!(
            "UPDATE {table} SET ({}, updated_at) = ({places}, MAX(?3, updated_at + 1))
             WHERE account_id = ?1 AND id = ?2 AND (?4 IS NOT NULL OR {named}_id IS NOT NULL)",
            columns(place)
        ),
        args,
    )
}

/// Notes the object of an upload before it is put, if its row is there, and answers one row then.
pub fn announce(account_id: i64, (table, id, _): At<'_>, key: &str, due_at: i64) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO unnamed_objects (account_id, key, due_at)
             SELECT ?1, ?3, ?4 FROM {table} WHERE account_id = ?1 AND id = ?2 RETURNING 1 AS noted"
        ),
        vec![account_id.into(), id.into(), key.into(), due_at.into()],
    )
}

/// From now on a row names the object, unless the row is gone. Nothing is committed, as stale, once
/// its deletion was begun.
pub fn name(account_id: i64, (table, id, _): At<'_>, key: &str) -> [Statement; 2] {
    [
        Statement::guard(
            "EXISTS (SELECT 1 FROM unnamed_objects WHERE account_id = ?1 AND key = ?2 AND tries = 0)",
            vec![account_id.into(), key.into()],
        ),
        Statement::new(
            format!(
                "DELETE FROM unnamed_objects WHERE account_id = ?1 AND key = ?3
                   AND EXISTS (SELECT 1 FROM {table} WHERE account_id = ?1 AND id = ?2)"
            ),
            vec![account_id.into(), id.into(), key.into()],
        ),
    ]
}

/// Notes the object that the row names, for deletion, and answers its key. It stands before what changes or removes the row.
/// `kept`: unless `keep_sold` has kept it.
pub fn unname(account_id: i64, (table, id, place): At<'_>, kept: bool, now: i64) -> Statement {
    let named = place.column();
    let unless = if kept && place == Place::File { "AND file_sold = 0" } else { "" };
    Statement::new(
        format!(
            "INSERT INTO unnamed_objects (account_id, key, due_at) SELECT ?1, '{named}s/' || {named}_id, ?3 FROM {table}
             WHERE account_id = ?1 AND id = ?2 AND {named}_id IS NOT NULL {unless} RETURNING key"
        ),
        vec![account_id.into(), id.into(), now.into()],
    )
}

/// The file of a product that was sold stays for those who bought it. It stands before what takes it from the product.
pub fn keep_sold(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "INSERT INTO sold_files (account_id, product_id, file_id, file_size, file_type, file_name)
         SELECT account_id, id, file_id, file_size, file_type, file_name FROM products
         WHERE account_id = ?1 AND id = ?2 AND file_id IS NOT NULL AND file_sold = 1",
        vec![account_id.into(), product_id.into()],
    )
}

/// The file that was kept is another's turn: the product has a new one. The first answers its key.
pub fn drop_sold(account_id: i64, product_id: &str, now: i64) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO unnamed_objects (account_id, key, due_at) SELECT ?1, 'files/' || file_id, ?3 FROM sold_files
             WHERE account_id = ?1 AND product_id = ?2 RETURNING key",
            vec![account_id.into(), product_id.into(), now.into()],
        ),
        Statement::new(
            "DELETE FROM sold_files WHERE account_id = ?1 AND product_id = ?2",
            vec![account_id.into(), product_id.into()],
        ),
    ]
}

/// Those that are due, so many at a time. They are due again at `until`, should their deletion fail.
pub fn take_unnamed(now: i64, until: i64, most: u32) -> Statement {
    Statement::new(
        "UPDATE unnamed_objects SET due_at = ?2, tries = tries + 1 WHERE key IN (
           SELECT key FROM unnamed_objects INDEXED BY unnamed_objects_due
           WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3)
         RETURNING account_id, key",
        vec![now.into(), until.into(), most.into()],
    )
}

pub fn forget(account_id: i64, key: &str) -> Statement {
    Statement::new(
        "DELETE FROM unnamed_objects WHERE account_id = ?1 AND key = ?2",
        vec![account_id.into(), key.into()],
    )
}
