//! Statements and rows of `oauth_apps`, which are the operator's and of no account.

use super::{Application, Scopes};
use crate::{
    json,
    platform::{Fault, Row, Statement},
};

const COLUMNS: &str = "id, name, site, redirect_uris, scopes, confidential, require_pkce, secret_hash, disabled_at, created_at, updated_at";

pub fn all() -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM oauth_apps WHERE deleted_at IS NULL ORDER BY created_at DESC, id"),
        Vec::new(),
    )
}

pub fn one(id: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM oauth_apps WHERE id = ?1 AND deleted_at IS NULL"), vec![id.into()])
}

pub fn read(row: &Row) -> Result<Application, Fault> {
    row.read(|row| {
        Ok(Application {
            id: row.text(),
            name: row.text(),
            site: row.text(),
            redirect_uris: json::from_text(&row.text())
                .ok_or_else(|| Fault("the redirect URIs of an application can't be read".into()))?,
            scopes: Scopes::read(&row.text()),
            confidential: row.flag(),
            require_pkce: row.flag(),
            secret_hash: row.maybe_text(),
            disabled_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

pub fn insert(application: &Application) -> Statement {
    Statement::new(
        "INSERT INTO oauth_apps (id, name, site, redirect_uris, scopes, confidential, require_pkce, secret_hash, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
        vec![
            (&application.id).into(),
            (&application.name).into(),
            (&application.site).into(),
            json::to_text(&application.redirect_uris).into(),
            application.scopes.to_text().into(),
            application.confidential.into(),
            application.require_pkce.into(),
            application.secret_hash.as_deref().into(),
            application.created_at.into(),
        ],
    )
}

/// Answers the whole row, if it was there.
pub fn disable(id: &str, disabled_at: Option<i64>, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE oauth_apps SET disabled_at = ?2, updated_at = ?3 WHERE id = ?1 AND deleted_at IS NULL RETURNING {COLUMNS}"
        ),
        vec![id.into(), disabled_at.into(), now.into()],
    )
}

/// Answers a row if it was there.
pub fn delete(id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE oauth_apps SET deleted_at = ?2, updated_at = ?2 WHERE id = ?1 AND deleted_at IS NULL RETURNING id",
        vec![id.into(), now.into()],
    )
}
