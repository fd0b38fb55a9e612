//! Taking a product out of the shop.

use super::{Removed, sql};
use crate::{
    platform::{Row, Statement},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        list,
        prepared::Prepared,
        stock,
        upload::{self, Place},
        webhook::{Event, unread},
    },
};

/// Takes the product out of the shop, with what it has in stock and what was uploaded for it. Its
/// orders stay as they are, and so do serials that are held or sold, and a file that was sold.
pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    let db = account.db(app)?;
    // Those who want to know of it want to know what it was, which most accounts need not read first.
    match db.commit(without(app, account, id, vec![unread::nobody(account.id, Event::ProductDeleted)])).await {
        Ok(rows) => return gone(app, &rows).await,
        Err(no) if no.is_stale() => {}
        Err(no) => return Err(no.into()),
    }
    let [products] = db.batch([sql::one(account.id, id)]).await?;
    let removed = Removed(sql::product(products.first().ok_or(Refusal::NotFound)?)?);
    let there = "EXISTS (SELECT 1 FROM products WHERE account_id = ?1 AND id = ?2)";
    let mut statements = vec![Statement::guard(there, vec![account.id.into(), id.into()])];
    statements.extend(unread::owe(app, account.id, Event::ProductDeleted, &removed)?);
    let owed = statements.len();
    let prepared = Prepared::new(db, (), without(app, account, id, statements)).on_stale(Refusal::NotFound);
    let (_, rows) = prepared.commit(app, Vec::new()).await?;
    app.enqueue(unread::nudges(account, rows.get(1..owed).unwrap_or_default())?).await;
    gone(app, rows.get(owed..).unwrap_or_default()).await
}

/// Behind these statements those that take a product out of the shop; the first of them answers it.
fn without(app: &App, account: &Account, id: &str, mut statements: Vec<Statement>) -> Vec<Statement> {
    statements.push(sql::one(account.id, id));
    let places = [Place::Image, Place::File].into_iter();
    statements.extend(places.flat_map(|place| upload::unname(app, account, (sql::TABLE, id, place))));
    statements.extend([stock::sql::remove(account.id, id), sql::leave_categories(account.id, id)]);
    statements.extend(list::delete(account.id, sql::TABLE, id));
    statements
}

/// Deletes what was uploaded for a product, once that is out of the shop; it is in the first answers.
async fn gone(app: &App, rows: &[Vec<Row>]) -> Outcome<()> {
    let product = rows.iter().position(|rows| !rows.is_empty()).ok_or(Refusal::NotFound)?;
    // Of its image one statement, of its file two.
    Ok(upload::discard(app, rows.get(product + 1..product + 4).unwrap_or_default()).await?)
}
