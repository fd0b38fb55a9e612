//! What buyers see of a shop: its settings, its products and categories, and what is said of them. It is read as a whole and kept for
//! a minute (`memory`), so that pages cost no round trip while they are asked for. An order asks the database itself.

use std::rc::Rc;

use futures_util::future::{join, join_all};

use super::{
    App,
    account::{self, Account, contact::Contact, slug},
    gateway::Gateway,
    money::Amount,
    product::{self, Product},
    script::{self, Script},
    seller::{Appearance, logo},
    stock::expired::{self, Expired},
    upload::Upload,
};
use crate::platform::{Fault, Row, Statement};

mod memory;
mod sql;

use memory::{ALL, Memory};
pub use memory::{forget, forget_addresses, forget_everything};

/// A shop as its pages show it.
#[derive(Debug)]
pub struct Shop {
    /// It can act, and has no e-mail.
    pub account: Account,
    pub name: String,
    pub contact: Contact,
    pub appearance: Appearance,
    pub logo: Option<Upload>,
    /// The description, rendered.
    pub description_html: String,
    /// What its pages run, unless the seller has turned scripts off.
    pub scripts: Vec<Script>,
    /// Those that are set up.
    pub gateways: Vec<Gateway>,
    /// In the seller's order: the oldest first.
    pub categories: Vec<Category>,
    /// Those that are listed, with stock first and then the newest.
    pub products: Vec<Card>,
}

#[derive(Debug)]
pub struct Category {
    pub id: String,
    pub title: String,
    pub product_ids: Vec<String>,
    /// Left out of the shop's page.
    pub unlisted: bool,
}

/// A product among others.
#[derive(Debug)]
pub struct Card {
    pub id: String,
    pub title: String,
    pub price: Amount,
    /// `None` is without end.
    pub stock: Option<i64>,
    pub least: i64,
    pub image: Option<Upload>,
    pub rating: Rating,
}

impl Card {
    pub fn is_sold_out(&self) -> bool {
        self.stock.is_some_and(|stock| stock < self.least.max(1))
    }
}

/// What the feedbacks of a product come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    pub count: i64,
    /// Of all of them.
    pub stars: i64,
}

impl Rating {
    /// The average in tenths of a star, rounded half up; `None` without feedback.
    pub fn tenths(self) -> Option<i64> {
        (self.count > 0).then(|| (self.stars * 10 + self.count / 2) / self.count)
    }
}

/// A product as its page shows it.
#[derive(Debug)]
pub struct Item {
    pub product: Product,
    pub description_html: String,
    /// What can be bought, with what expired holds give back; `None` is without end.
    pub stock: Option<i64>,
    pub rating: Rating,
    /// The newest.
    pub feedbacks: Vec<Remark>,
}

#[derive(Debug)]
pub struct Remark {
    pub stars: u32,
    pub comment: String,
    /// The seller's; empty: none.
    pub response: String,
    pub created_at: i64,
}

/// Shops that `/` links to.
#[derive(Debug)]
pub struct Listing {
    pub slug: String,
    pub name: String,
    pub listed: bool,
}

/// `/` looks at so many accounts.
const MAX_SHOPS: u32 = 200;
/// A shop's pages show so many products, the newest, and so many categories; each of the others has its own page.
pub const MAX_PRODUCTS: u32 = 1_000;
const MAX_CATEGORIES: u32 = 200;
/// A product's page shows so many feedbacks.
const MAX_FEEDBACKS: u32 = 10;

/// The shops of the deployment that are open.
pub async fn shops(app: &App) -> Result<Rc<Vec<Listing>>, Fault> {
    let memory = app.memory.of::<Memory>();
    memory
        .keep(app, ALL, "shops", async || {
            let all = account::directory::first(app, MAX_SHOPS).await?;
            let open = all.into_iter().filter(|it| it.disabled_at.is_none());
            Ok(open
                .map(|it| Listing { slug: it.slug, name: it.shop_name.unwrap_or_default(), listed: it.listed })
                .collect())
        })
        .await
}

/// The shop at this slug, listed or not.
pub async fn by_slug(app: &App, slug: &str) -> Result<Option<Rc<Shop>>, Fault> {
    // What no shop can have is asked of nobody, and remembered by nobody.
    let Ok(slug) = slug::parse(slug) else { return Ok(None) };
    let memory = app.memory.of::<Memory>();
    let found = memory.keep(app, ALL, &format!("slug {slug}"), async || account::by_slug(app, &slug).await).await?;
    match &*found {
        Some((id, shard)) => shop(app, *id, shard).await,
        None => Ok(None),
    }
}

/// A product that isn't private, and its shop.
pub async fn item(app: &App, id: &str) -> Result<Option<(Rc<Shop>, Rc<Item>)>, Fault> {
    let memory = app.memory.of::<Memory>();
    let Some((account_id, shard)) = owner(app, product::sql::TABLE, id).await? else { return Ok(None) };
    let key = format!("product {id}");
    let item = memory.keep(app, account_id, &key, async || read_item(app, account_id, &shard, id).await);
    let (shop, item) = join(shop(app, account_id, &shard), item).await;
    // Both are shared with the memory; what is in the option is not copied.
    Ok(shop?.zip(item?.as_ref().clone()))
}

/// The terms that an account's buyers accept, for `read_terms`.
pub fn terms(account_id: i64) -> Statement {
    Statement::new("SELECT terms_url FROM shops WHERE account_id = ?1", vec![account_id.into()])
}

pub fn read_terms(row: Option<&Row>) -> Result<Option<String>, Fault> {
    Ok(row.map(|row| row.read(|row| Ok(row.maybe_text()))).transpose()?.flatten())
}

/// A category's shop. The category is among those of the shop.
pub async fn by_category(app: &App, id: &str) -> Result<Option<Rc<Shop>>, Fault> {
    match owner(app, super::category::sql::TABLE, id).await? {
        Some((account_id, shard)) => shop(app, account_id, &shard).await,
        None => Ok(None),
    }
}

/// Whose product or category it is, and in which shard: the address of its page has nothing but its id.
async fn owner(app: &App, table: &str, id: &str) -> Result<Option<(i64, String)>, Fault> {
    let is_id = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_id {
        return Ok(None);
    }
    let memory = app.memory.of::<Memory>();
    let look = async || {
        let databases = &app.platform.databases;
        let asked = databases.shards().into_iter().map(|shard| async move {
            let row = databases.shard(&shard)?.row(sql::by_public_id(table, id)).await?;
            Ok::<_, Fault>(row.map(|row| row.int()).transpose()?.map(|account_id| (account_id, shard)))
        });
        let found = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().next())
    };
    Ok(memory.keep(app, ALL, &format!("{table} {id}"), look).await?.as_ref().clone())
}

/// An account's shop, unless the operator has closed it.
async fn shop(app: &App, account_id: i64, shard: &str) -> Result<Option<Rc<Shop>>, Fault> {
    let memory = app.memory.of::<Memory>();
    let key = format!("shop {account_id}");
    let shop = memory.keep(app, account_id, &key, async || read(app, account_id, shard).await).await?;
    Ok(shop.as_ref().clone())
}

async fn read(app: &App, account_id: i64, shard: &str) -> Result<Option<Rc<Shop>>, Fault> {
    let [shops, gateways, categories, products, expired, logos, scripts] = app
        .platform
        .databases
        .shard(shard)?
        .batch([
            sql::shop(account_id),
            sql::gateways(account_id),
            sql::categories(account_id, MAX_CATEGORIES),
            sql::products(account_id, MAX_PRODUCTS),
            expired::expired(account_id, app.now()),
            logo::of(account_id),
            script::sql::running(account_id),
        ])
        .await?;
    let Some(row) = shops.first() else { return Ok(None) };
    let Some(mut shop) = sql::read_shop(row, account_id, shard)? else { return Ok(None) };
    shop.logo = logo::read(&logos)?;
    shop.scripts = scripts.iter().map(script::sql::script).collect::<Result<_, _>>()?;
    let expired = Expired::read(&expired)?;
    let slugs = gateways.iter().map(|row| row.text()).collect::<Result<Vec<_>, _>>()?;
    shop.gateways = Gateway::ALL.into_iter().filter(|gateway| slugs.iter().any(|it| it == gateway.slug())).collect();
    shop.categories = categories.iter().map(sql::category).collect::<Result<_, _>>()?;
    shop.products = products.iter().map(sql::card).collect::<Result<_, _>>()?;
    for card in &mut shop.products {
        card.stock = card.stock.map(|stock| (stock + expired.units(&card.id)).max(0));
    }
    shop.products.sort_by_key(Card::is_sold_out);
    Ok(Some(Rc::new(shop)))
}

async fn read_item(app: &App, account_id: i64, shard: &str, id: &str) -> Result<Option<Rc<Item>>, Fault> {
    let [products, more, feedbacks, expired] = app
        .platform
        .databases
        .shard(shard)?
        .batch([
            product::sql::one(account_id, id),
            sql::more(account_id, id),
            sql::feedbacks(account_id, id, MAX_FEEDBACKS),
            expired::of(account_id, id, app.now()),
        ])
        .await?;
    let Some((row, more)) = products.first().zip(more.first()) else { return Ok(None) };
    let product = product::sql::product(row)?;
    if product.private {
        return Ok(None);
    }
    let (description_html, rating) =
        more.read(|row| Ok((row.text(), Rating { count: row.int(), stars: row.int() })))?;
    let expired = Expired::read(&expired)?;
    let stock = product.clone().with_expired(&expired).stock();
    // Nothing can be bought that has nothing to hand out.
    let stock = if product.has_goods() { stock } else { Some(0) };
    let feedbacks = feedbacks.iter().map(sql::remark).collect::<Result<_, _>>()?;
    Ok(Some(Rc::new(Item { product, description_html, stock, rating, feedbacks })))
}

#[cfg(test)]
mod tests {
    use super::Rating;

    #[test]
    fn an_average_is_rounded_to_tenths() {
        for (count, stars, tenths) in
            [(0, 0, None), (1, 5, Some(50)), (3, 14, Some(47)), (2, 9, Some(45)), (6, 25, Some(42))]
        {
            assert_eq!(Rating { count, stars }.tenths(), tenths, "{stars} / {count}");
        }
    }
}
