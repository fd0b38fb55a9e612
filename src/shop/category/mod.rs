//! Categories: products under a title, in an order of the seller's.

use super::{
    App, Outcome, Refusal,
    account::Account,
    id,
    list::{self, Page},
    prepared::Prepared,
    product,
    upload::{self, Upload},
};
use crate::platform::Statement;

pub mod sql;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub id: String,
    pub title: String,
    /// A JSON array of the products' ids.
    pub product_ids: String,
    pub unlisted: bool,
    pub image: Option<Upload>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Category>> {
    let statements = list::page(account.id, sql::TABLE, sql::COLUMNS, page, per_page);
    Ok(list::read(account.db(app)?.batch(statements).await?, sql::category)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Category> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::category(&row)?)
}

/// Refused, with all of them, when some ids are no products of this account.
pub fn create(app: &App, account: &Account, category: Category) -> Outcome<Prepared<Category>> {
    let now = app.now();
    let category = Category { id: id::hex(&app.random::<4>()), created_at: now, updated_at: now, ..category };
    let statements = vec![
        product::sql::all_known(account.id, &category.product_ids),
        list::grow(account.id, sql::TABLE),
        sql::insert(account.id, &category),
    ];
    prepare(app, account, category, statements)
}

/// Writes the whole category but its image, unless it is gone. Answers it as it is then.
pub async fn update(app: &App, account: &Account, category: Category) -> Outcome<Category> {
    let before = category.updated_at;
    let category = Category { updated_at: list::moved(app.now(), before), ..category };
    let statements = vec![
        list::unmoved(account.id, sql::TABLE, &category.id, before),
        product::sql::all_known(account.id, &category.product_ids),
        sql::update(account.id, &category),
    ];
    let (_, rows) = prepare(app, account, category, statements)?.commit(app, Vec::new()).await?;
    Ok(sql::category(rows.last().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?)?)
}

fn prepare(
    app: &App,
    account: &Account,
    category: Category,
    statements: Vec<Statement>,
) -> Outcome<Prepared<Category>> {
    let unknown = product::sql::unknown(account.id, &category.product_ids);
    Ok(Prepared::new(account.db(app)?, category, statements).why_stale(unknown, product::unknown))
}

pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    let image = (sql::TABLE, id, upload::Place::Image);
    let mut statements = vec![sql::one(account.id, id)];
    statements.extend(upload::unname(app, account, image));
    statements.extend(list::delete(account.id, sql::TABLE, id));
    let rows = account.db(app)?.commit(statements).await?;
    rows.first().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    Ok(upload::discard(app, rows.get(1..2).unwrap_or_default()).await?)
}
