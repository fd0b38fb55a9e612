//! What a seller says of their shop on its pages.

use super::color::Color;
use crate::{
    platform::{Fault, Reader, Statement, Value},
    shop::money::Currency,
    words::Language,
};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appearance {
    /// The shop is at `/shop/<slug>`.
    pub slug: String,
    /// Whether the storefront is shown.
    pub listed: bool,
    /// Markdown.
    pub description: String,
    pub accent_color: Option<Color>,
    pub terms_url: Option<String>,
    pub privacy_url: Option<String>,
    /// Of the public pages; `None` is the reader's.
    pub language: Option<Language>,
    /// Whether the storefront runs scripts of others (`shop::script`).
    pub scripts: bool,
    /// Of payments whose request names none.
    pub currency: Option<Currency>,
}

/// Its columns in `shops`.
pub const COLUMNS: &str =
    "slug, listed, description, accent_color, terms_url, privacy_url, language, scripts, currency";

impl Appearance {
    pub fn read(row: &mut Reader<'_>) -> Result<Appearance, Fault> {
        Ok(Appearance {
            slug: row.text(),
            listed: row.flag(),
            description: row.text(),
            accent_color: row.maybe_text().and_then(|color| Color::parse(&color).ok()),
            terms_url: row.maybe_text(),
            privacy_url: row.maybe_text(),
            language: row.maybe_text().and_then(|code| Language::parse(&code)),
            scripts: row.flag(),
            currency: Currency::parse(&row.text()),
        })
    }
}

/// What is changed of it; `None` leaves it as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub slug: Option<String>,
    pub listed: Option<bool>,
    /// Markdown.
    pub description: Option<String>,
    pub accent_color: Option<Option<Color>>,
    pub terms_url: Option<Option<String>>,
    pub privacy_url: Option<Option<String>>,
    pub language: Option<Option<Language>>,
    pub scripts: Option<bool>,
    pub currency: Option<Currency>,
}

impl Changes {
    /// What the directory has of it.
    pub fn in_directory(&self, account_id: i64, now: i64) -> Option<Statement> {
        (self.slug.is_some() || self.listed.is_some()).then(|| {
            Statement::new(
                "UPDATE accounts SET slug = COALESCE(?2, slug), listed = COALESCE(?3, listed), updated_at = ?4 WHERE id = ?1",
                vec![account_id.into(), self.slug.as_deref().into(), self.listed.map(i64::from).into(), now.into()],
            )
        })
    }

    /// What the account's own row has of it. `html`: its description, rendered.
    pub fn in_shard(&self, account_id: i64, html: &str) -> Option<Statement> {
        let mut columns: Vec<(&str, Value)> = Vec::new();
        if let Some(slug) = &self.slug {
            columns.push(("slug", slug.into()));
        }
        if let Some(listed) = self.listed {
            columns.push(("listed", listed.into()));
        }
        if let Some(markdown) = &self.description {
            columns.extend([("description", markdown.into()), ("description_html", html.into())]);
        }
        if let Some(color) = self.accent_color {
            columns.push(("accent_color", color.map(Color::to_text).into()));
        }
        for (column, url) in [("terms_url", &self.terms_url), ("privacy_url", &self.privacy_url)] {
            if let Some(url) = url {
                columns.push((column, url.clone().into()));
            }
        }
        if let Some(language) = self.language {
            columns.push(("language", language.map(Language::code).into()));
        }
        if let Some(scripts) = self.scripts {
            columns.push(("scripts", scripts.into()));
        }
        if let Some(currency) = self.currency {
            columns.push(("currency", currency.code().into()));
        }
        if columns.is_empty() {
            return None;
        }
        let sets: Vec<String> =
            columns.iter().zip(2..).map(|((column, _), place)| format!("{column} = ?{place}")).collect();
        let mut args: Vec<Value> = vec![account_id.into()];
        args.extend(columns.into_iter().map(|(_, value)| value));
        Some(Statement::new(format!("UPDATE shops SET {} WHERE account_id = ?1", sets.join(", ")), args))
    }
}
