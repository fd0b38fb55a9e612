//! Serials of a file are added to what a product has in stock.

use std::collections::BTreeSet;

use super::{Kind, Product, event::stock_moved, sql};
use crate::{
    platform::{Fault, Row, first_answers},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        error::CatalogRefusal,
        job::Job,
        list,
        prepared::Prepared,
        stock::{
            self, MAX_SERIALS,
            file::{BadLine, Lines, MAX_STOCK_BYTES, is_split},
        },
        webhook::unread,
    },
};

/// What becomes of a file's lines; each by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// How many serials are added.
    pub added: usize,
    /// Those that are left out because the product has them, or had them, or an earlier line has
    /// them; with `unique_serials`, also because another product has them.
    pub duplicates: Vec<usize>,
    pub refused: Vec<(usize, BadLine)>,
}

/// Adds the serials behind those in stock. All of them or none; what waits for stock is delivered
/// then. One trip to read, one to commit.
pub async fn fill(app: &App, account: &Account, id: &str, lines: &Lines<'_>) -> Outcome<Prepared<Filled>> {
    let db = account.db(app)?;
    let serials: Vec<&str> = lines.serials.iter().map(|(_, serial)| serial.as_ref()).collect();
    let parts = stock::sql::parts(&serials);
    let mut statements = vec![sql::one(account.id, id), stock::sql::weight(account.id, id)];
    statements.extend(parts.iter().map(|part| stock::sql::known_of(account.id, id, part)));
    let ([products, weight], known) = first_answers(db.rows(statements).await?)?;
    let product = sql::product(products.first().ok_or(Refusal::NotFound)?)?;
    if product.kind != Kind::Serials {
        return Err(CatalogRefusal::NoSerials.into());
    }
    let known = known_places(&known, &parts)?;

    let mut filled = Filled { added: 0, duplicates: Vec::new(), refused: lines.refused.clone() };
    let (mut new, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, (line, serial)) in lines.serials.iter().enumerate() {
        if is_split(serial, &product.stock_delimiter) {
            filled.refused.push((*line, BadLine::Delimiter));
        } else if known.contains(&place) || !seen.insert(serial.as_ref()) {
            filled.duplicates.push(*line);
        } else {
            new.push(serial.as_ref());
        }
    }
    filled.refused.sort_by_key(|(line, _)| *line);
    filled.added = new.len();
    fits(&weight, &new)?;
    if new.is_empty() {
        return Ok(Prepared::new(db, filled, Vec::new()));
    }
    let updated_at = list::moved(app.now(), product.updated_at);
    // The stock may be sold from meanwhile, and nothing may be added to it.
    let mut statements = vec![list::unmoved(account.id, sql::TABLE, id, product.updated_at)];
    statements.extend(stock::sql::fill(account.id, id, &new, product.unique_serials, updated_at));
    let restock = Job::Restock { shard: account.shard.clone(), account_id: account.id, product_id: id.to_owned() };
    let added = u32::try_from(new.len()).unwrap_or(u32::MAX);
    let after = Product { serials_left: product.serials_left.saturating_add(added), updated_at, ..product.clone() };
    let owed = stock_moved(app, account, &product, &after)?;
    let prepared = Prepared::new(db, filled, statements).sending(vec![(restock, 0)]);
    let prepared = unread::with(prepared, account, owed);
    Ok(prepared.on_stale(Refusal::Conflict).on_missing("serials", "seq", Refusal::NotFound))
}

/// The places, among all, of serials that are there already; a row for each part.
fn known_places(answers: &[Vec<Row>], parts: &[&[&str]]) -> Result<BTreeSet<usize>, Fault> {
    let (mut all, mut offset) = (BTreeSet::new(), 0);
    for (rows, part) in answers.iter().zip(parts) {
        let places = rows.first().map(|row| row.read(|row| Ok(row.maybe_text()))).transpose()?.flatten();
        for place in places.as_deref().unwrap_or_default().split(',').filter(|place| !place.is_empty()) {
            let place: usize = place.parse().map_err(|_| Fault("a serial's place is none".into()))?;
            all.insert(offset + place);
        }
        offset += part.len();
    }
    Ok(all)
}

/// Refused when the product would have more in stock than it can show.
fn fits(weight: &[Row], new: &[&str]) -> Outcome<()> {
    let row = weight.first().ok_or_else(|| Fault("a count was expected".into()))?;
    let size = |n: i64| u64::try_from(n).unwrap_or(0);
    let (count, bytes, joint) = row.read(|row| Ok((size(row.int()), size(row.int()), size(row.int()))))?;
    let count = count + new.len() as u64;
    if new.is_empty() {
        return Ok(());
    }
    if count > MAX_SERIALS as u64 {
        return Err(CatalogRefusal::TooManySerials.into());
    }
    let added: usize = new.iter().map(|serial| serial.len()).sum();
    if bytes + added as u64 + count * joint > MAX_STOCK_BYTES {
        return Err(CatalogRefusal::SerialsTooLarge.into());
    }
    Ok(())
}
