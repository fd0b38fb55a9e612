//! Statements of the columns that tell of an upload, in whichever table they are.

use super::Upload;
use crate::platform::Statement;

pub fn one(account_id: i64, table: &str, id: &str, column: &str) -> Statement {
    Statement::new(
        format!(
            "SELECT {column}_id, {column}_size, {column}_type, {column}_name FROM {table} WHERE account_id = ?1 AND id = ?2"
        ),
        vec![account_id.into(), id.into()],
    )
}

pub fn write(account_id: i64, table: &str, id: &str, column: &str, upload: Option<&Upload>, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE {table} SET {column}_id = ?3, {column}_size = ?4, {column}_type = ?5, {column}_name = ?6, updated_at = MAX(?7, updated_at + 1)
             WHERE account_id = ?1 AND id = ?2 AND (?3 IS NOT NULL OR {column}_id IS NOT NULL)"
        ),
        vec![
            account_id.into(),
            id.into(),
            upload.map(|upload| &upload.id).into(),
            upload.map(|upload| upload.size).into(),
            upload.map(|upload| &upload.mime).into(),
            upload.map(|upload| &upload.name).into(),
            now.into(),
        ],
    )
}
