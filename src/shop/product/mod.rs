//! Products: what a shop sells, for how much and to whom.

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::CatalogRefusal,
    id,
    job::Job,
    list::{self, Page},
    money::{Amount, Currency},
    prepared::Prepared,
    stock::{
        self, Serials,
        expired::{self, Expired},
    },
    upload::{self, Upload},
    webhook::{Event, Subject, unread},
};
use crate::platform::{Fault, Row, Statement};

pub mod discount;
pub mod event;
pub mod fill;
pub mod input;
mod remove;
pub mod sql;

pub use discount::VolumeDiscount;
use event::stock_moved;
pub use event::{Changed, Removed, StockMove};
pub use remove::destroy;

/// What is sold; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One file for all buyers.
    File = 1,
    /// A serial for each.
    Serials = 2,
    /// What the seller's own server answers.
    Dynamic = 3,
    /// Something that the seller does.
    Service = 4,
}

impl Kind {
    pub fn from_code(code: i64) -> Option<Kind> {
        [Kind::File, Kind::Serials, Kind::Dynamic, Kind::Service].into_iter().find(|kind| *kind as i64 == code)
    }
}

/// The gateways that a product may name, whether or not the account has set them up.
pub const GATEWAYS: [&str; 5] = ["bitcoin", "litecoin", "ethereum", "paypal", "stripe"];

#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub account_id: i64,
    /// Its number in the account's list; 0 before it is there.
    pub seq: i64,
    pub id: String,
    pub title: String,
    /// Markdown.
    pub description: String,
    /// Of one.
    pub price: Amount,
    pub kind: Kind,
    /// Of `GATEWAYS`, with commas between.
    pub gateways: String,
    pub private: bool,
    pub unlisted: bool,
    pub vpn_block: bool,
    pub seller_note: Option<String>,
    pub maximum_quantity: Option<i64>,
    pub minimum_quantity: i64,
    pub stock_delimiter: String,
    /// What is free of what isn't serials, and no unpaid order holds; `None` is without end.
    pub stock_amount: Option<i64>,
    /// The seller is told when fewer are left.
    pub stock_warning: Option<i64>,
    pub volume_discounts: Vec<VolumeDiscount>,
    pub theme: i64,
    pub crypto_confirmations: i64,
    pub max_risk_level: i64,
    pub dynamic_url: Option<String>,
    /// What a buyer gets. Of a product of serials it is those in stock, which `get` reads and `list` does not.
    pub info: Option<String>,
    /// Stands in the mail that brings the goods.
    pub email_message: Option<String>,
    pub paypal_email_delivery: bool,
    pub webhook_url: Option<String>,
    /// JSON, an array of inputs.
    pub custom: Option<String>,
    /// It takes no serial that stands twice in what is sent, or that the account has already.
    pub unique_serials: bool,
    /// Serials in stock.
    pub serials_left: u32,
    /// Units that unpaid orders hold, of either kind.
    pub stock_held: i64,
    /// Units in stock, or still to come, that paid orders wait for.
    pub stock_owed: i64,
    pub image: Option<Upload>,
    pub file: Option<Upload>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Subject for Product {
    fn id(&self) -> &str {
        &self.id
    }

    fn own_url(&self) -> Option<&str> {
        self.webhook_url.as_deref()
    }
}

impl Product {
    /// The most risk that a new product takes, and a payment without a product.
    pub const MAX_RISK_LEVEL: i64 = 30;

    /// Where nothing is said: as the reference's created example has it.
    pub fn blank() -> Result<Product, Fault> {
        let price = Amount::new(0, Currency::USD).ok_or_else(|| Fault("nothing is no amount".into()))?;
        Ok(Product {
            account_id: 0,
            seq: 0,
            id: String::new(),
            title: String::new(),
            description: String::new(),
            price,
            kind: Kind::File,
            gateways: String::new(),
            private: false,
            unlisted: false,
            vpn_block: false,
            seller_note: None,
            maximum_quantity: None,
            minimum_quantity: 1,
            stock_delimiter: ",".into(),
            stock_amount: None,
            stock_warning: None,
            volume_discounts: Vec::new(),
            theme: 2,
            crypto_confirmations: 1,
            max_risk_level: Product::MAX_RISK_LEVEL,
            dynamic_url: None,
            info: None,
            email_message: None,
            paypal_email_delivery: false,
            webhook_url: None,
            custom: None,
            unique_serials: false,
            serials_left: 0,
            stock_held: 0,
            stock_owed: 0,
            image: None,
            file: None,
            created_at: 0,
            updated_at: 0,
        })
    }

    /// How many can be sold; `None` is without end. What orders hold, or wait for, isn't there.
    pub fn stock(&self) -> Option<i64> {
        let there = match self.kind {
            Kind::Serials => Some(self.serials_left.into()),
            Kind::File | Kind::Dynamic | Kind::Service => self.stock_amount,
        };
        there.map(|there| (there - self.stock_owed).max(0))
    }

    /// Whether there is something to hand out, as far as that isn't stock.
    pub fn has_goods(&self) -> bool {
        match self.kind {
            Kind::File => self.file.is_some(),
            Kind::Dynamic => self.dynamic_url.is_some(),
            Kind::Serials | Kind::Service => true,
        }
    }

    /// What the seller has of what isn't serials, with what unpaid orders hold: it is the seller's until it is paid. So the
    /// number stays the same while orders come and go unpaid, and may be sent back as it was read.
    pub fn amount(&self) -> Option<i64> {
        match self.kind {
            Kind::Serials => self.stock_amount,
            _ => self.stock_amount.map(|free| free + self.stock_held),
        }
    }

    /// Sets that number, as far as it is known what is held. Nobody takes a unit from an order that holds it.
    pub fn set_amount(&mut self, amount: Option<i64>) {
        self.stock_amount = match self.kind {
            Kind::Serials => amount,
            _ => amount.map(|amount| (amount - self.stock_held).max(0)),
        };
    }

    /// The same with so much in stock and nothing held, for an event about it.
    pub fn with_stock(&self, left: i64) -> Product {
        let mut product = self.clone();
        product.stock_held = 0;
        match product.kind {
            Kind::Serials => product.serials_left = u32::try_from(left).unwrap_or(0),
            _ => product.stock_amount = Some(left),
        }
        product
    }

    /// With what holds give back that are over.
    pub fn with_expired(mut self, expired: &Expired) -> Product {
        let units = expired.units(&self.id);
        self.stock_held = (self.stock_held - units).max(0);
        match self.kind {
            Kind::Serials => self.serials_left = self.serials_left.saturating_add(u32::try_from(units).unwrap_or(0)),
            _ => self.stock_amount = self.stock_amount.map(|amount| amount + units),
        }
        self
    }

    /// Whether it can be paid by this gateway.
    pub fn takes(&self, slug: &str) -> bool {
        self.gateways.split(',').any(|known| known == slug)
    }
}

/// What a change of a product makes of its stock.
pub struct Restock {
    pub serials: Serials,
    /// They were read from what was in stock: should that have changed, nothing is done.
    pub from_stock: bool,
    /// The seller means those that the product had before to be sold again.
    pub repeats: bool,
}

/// What a change does to the stock; apart from that sales go on while a product is changed.
#[derive(Default)]
pub struct StockChange {
    pub restock: Option<Restock>,
    /// `stock_amount` was sent, and is another one: this.
    pub amount: Option<Option<i64>>,
}

/// A product as it was changed.
pub struct Updated {
    pub product: Product,
    /// How many of its new serials are there more than once, or were there before.
    pub duplicates: u32,
    /// How many that were sent are not in stock now, because the product's orders hold them or had them.
    pub left_out: u32,
}

/// `page` counts from 1. It costs the page's rows, whatever the products have in stock: `info` is left out of products of
/// serials.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Product>> {
    let [total, rows] = list::page(account.id, sql::TABLE, sql::COLUMNS, page, per_page);
    let statements = [total, rows, expired::expired(account.id, app.now())];
    let [total, rows, expired] = account.db(app)?.batch(statements).await?;
    let expired = Expired::read(&expired)?;
    Ok(list::read([total, rows], |row| Ok(sql::product(row)?.with_expired(&expired)))?)
}

/// With all of its serials that are in stock.
pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Product> {
    let db = account.db(app)?;
    let read = || [sql::one(account.id, id), stock::sql::info(account.id, id)];
    let [product, stock] = read();
    let [products, info, expired] = db.batch([product, stock, expired::of(account.id, id, app.now())]).await?;
    let [products, info] = match Expired::read(&expired)?.units(id) {
        0 => [products, info],
        // What expired holds give back is shown with the rest, and may be changed with it.
        _ => {
            let all = expired::Need { units: u32::MAX, ..expired::Need::default() };
            db.commit(vec![expired::release(account.id, id, &all, app.now())]).await?;
            db.batch(read()).await?
        }
    };
    let mut product = sql::product(products.first().ok_or(Refusal::NotFound)?)?;
    if let Some(row) = info.first() {
        product.info = row.read(|row| Ok(row.maybe_text()))?;
    }
    Ok(product)
}

/// Without its serials. `name` is its id, or its number in the list.
pub async fn named(app: &App, account: &Account, name: &str) -> Outcome<Product> {
    let statements = [sql::named(account.id, name), expired::expired(account.id, app.now())];
    let [products, expired] = account.db(app)?.batch(statements).await?;
    let product = sql::product(products.first().ok_or(Refusal::NotFound)?)?;
    Ok(product.with_expired(&Expired::read(&expired)?))
}

/// Makes the product, under an id of its own, with these in stock. One round trip, whatever the number of serials, and one
/// more where its description has pictures. With
/// `unique_serials` it is refused when the account has one of them already. `duplicates` reads the first answer of its commit.
pub async fn create(
    app: &App,
    account: &Account,
    mut product: Product,
    serials: &Serials,
) -> Outcome<Prepared<Product>> {
    product.id = id::hex(&app.random::<4>());
    product.account_id = account.id;
    product.created_at = app.now();
    product.updated_at = product.created_at;
    product.serials_left = serials.count();
    if product.kind == Kind::Serials {
        product.info = serials.info();
    }
    let html = upload::rendered(app, account, &product.description).await?;
    let mut owed = unread::owe(app, account.id, Event::ProductCreated, &product)?;
    owed.extend(stock_moved(app, account, &Product::blank()?, &product)?);
    let mut statements = Vec::from_iter(known(account, &product, serials));
    statements.extend([list::grow(account.id, sql::TABLE), sql::insert(account.id, &product, &html, serials)]);
    if !serials.all.is_empty() {
        statements.push(stock::sql::add(account.id, &product.id, serials));
    }
    let prepared = Prepared::new(account.db(app)?, product, statements);
    Ok(stocking(unread::with(prepared, account, owed), account, serials))
}

/// Looks up which of these serials the account has already: for counting them, or as a guard where none may be.
fn known(account: &Account, product: &Product, serials: &Serials) -> Option<Statement> {
    let look = if product.unique_serials { stock::sql::none_known } else { stock::sql::count_known };
    (!serials.all.is_empty()).then(|| look(account.id, &product.id, serials))
}

/// How many serials of these are there more than once, or were there before; `rows` are the answer of `known`.
pub fn duplicates(product: &Product, serials: &Serials, rows: Option<&Vec<Row>>) -> Outcome<u32> {
    if product.unique_serials || serials.all.is_empty() {
        return Ok(0);
    }
    let row = rows.and_then(|rows| rows.first()).ok_or_else(|| Fault("a count was expected".into()))?;
    Ok(serials.repeated + row.read(|row| Ok(row.count()))?)
}

/// Writes the product's own fields, and its stock where there is a `restock`; images and files are `upload`'s.
pub async fn update(
    app: &App,
    account: &Account,
    before: &Product,
    mut product: Product,
    StockChange { restock, amount }: StockChange,
) -> Outcome<Updated> {
    let sent = restock.as_ref().map_or(0, |restock| restock.serials.count());
    // What there will be, as far as it is known now. The commit counts by itself what orders have taken.
    let mut expected = restock.as_ref().map(|restock| restock.serials.clone());
    if let Some(restock) = restock.as_ref().filter(|restock| leaves_out(&product, restock)) {
        let gone = stock::sql::gone(account.id, &product.id, &restock.serials);
        let [rows] = account.db(app)?.batch([gone]).await?;
        expected = Some(restock.serials.clone().without(&stock::sql::gone_rows(&rows)?));
    }
    product.updated_at = list::moved(app.now(), before.updated_at);
    let html = upload::rendered(app, account, &product.description).await?;
    let mut statements = vec![list::unmoved(account.id, sql::TABLE, &product.id, before.updated_at)];
    if restock.as_ref().is_some_and(|restock| restock.from_stock) {
        statements.push(stock::sql::unchanged(account.id, &product.id, &before.info));
    }
    let look = expected.as_ref().and_then(|serials| known(account, &product, serials));
    let known_place = statements.len();
    statements.extend(look);
    let mut place = statements.len();
    let serials = restock.as_ref().map(|restock| &restock.serials);
    statements.push(sql::update(account.id, &product, &html, serials, amount));
    if let Some(restock) = &restock {
        // Asked again in the commit: orders come and go meanwhile.
        let all = !leaves_out(&product, restock);
        statements.extend(stock::sql::replace(account.id, &product.id, &restock.serials, all));
        if !all {
            place = statements.len();
            statements.push(sql::recount(account.id, &product.id));
        }
        statements.push(stock::sql::fits(account.id, &product.id));
    }
    // Orders that were paid and found nothing left get what there is now.
    let (shard, product_id) = (account.shard.clone(), product.id.clone());
    let filled = restock.is_some() || amount.is_some();
    let waiting = filled.then_some((Job::Restock { shard, account_id: account.id, product_id }, 0));
    // As it will be: sales go on meanwhile, and are told by themselves.
    let mut after = product.clone();
    if let Some(serials) = expected.as_ref().filter(|_| product.kind == Kind::Serials) {
        after.serials_left = serials.count();
        after.info = serials.info();
    }
    let mut owed = stock_moved(app, account, before, &after)?;
    let changed = Changed { before: before.clone(), after };
    owed.splice(0..0, unread::owe(app, account.id, Event::ProductUpdated, &changed)?);
    let prepared = Prepared::new(account.db(app)?, product, statements).sending(waiting.into_iter().collect());
    let prepared = unread::with(prepared, account, owed);
    let prepared = match &restock {
        Some(restock) => stocking(prepared, account, &restock.serials),
        None => prepared.on_stale(Refusal::Conflict),
    };
    let (product, rows) = prepared.commit(app, Vec::new()).await?;
    let mut updated = Updated { product, duplicates: 0, left_out: 0 };
    if let Some(serials) = &expected {
        updated.duplicates = duplicates(&updated.product, serials, rows.get(known_place))?;
    }
    let row = rows.get(place).and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    let mut written = sql::product(row)?;
    match expected {
        _ if written.kind != Kind::Serials => {}
        Some(serials) => {
            updated.left_out = sent.saturating_sub(written.serials_left);
            match serials.count() == written.serials_left {
                true => written.info = serials.info(),
                // An order took one of them between the two looks.
                false => written = get(app, account, &written.id).await?,
            }
        }
        None if before.kind == Kind::Serials => written.info = before.info.clone(),
        // It was a product of serials once, and has them still.
        None => written = get(app, account, &written.id).await?,
    }
    Ok(Updated { product: written, ..updated })
}

/// Whether serials that the product has no more don't come back with these. A product of unique serials refuses them; and what
/// is told apart anew was in stock.
fn leaves_out(product: &Product, restock: &Restock) -> bool {
    !restock.repeats && !restock.from_stock && !product.unique_serials && !restock.serials.all.is_empty()
}

/// With what is said when the serials can't be put in stock.
fn stocking(prepared: Prepared<Product>, account: &Account, serials: &Serials) -> Prepared<Product> {
    const NAMED: u32 = 11;
    let prepared = prepared.on_broken("products_stock", CatalogRefusal::SerialsTooLarge);
    let product = &prepared.value;
    if !product.unique_serials {
        return prepared.on_missing("serials", "seq", Refusal::NotFound).on_stale(Refusal::Conflict);
    }
    let taken = stock::sql::taken(account.id, &product.id, serials, NAMED);
    prepared.on_missing("serials", "seq", Refusal::NotFound).why_stale(taken, |rows| {
        let taken = rows.iter().map(stock::sql::taken_row).collect::<Result<Vec<_>, _>>()?;
        // None is taken: then the product itself was changed meanwhile.
        Ok(if taken.is_empty() { Refusal::Conflict } else { Refusal::Catalog(CatalogRefusal::SerialsTaken(taken)) })
    })
}

/// What a commit that `sql::all_known` has held up is refused with, by the rows of `sql::unknown`: all ids that are no products
/// of the account.
pub fn unknown(rows: &[Row]) -> Outcome<Refusal> {
    let unknown = rows.iter().map(|row| row.text()).collect::<Result<Vec<_>, Fault>>()?;
    // All are there: then it is the row itself that somebody else has changed.
    Ok(if unknown.is_empty() { Refusal::Conflict } else { Refusal::Catalog(CatalogRefusal::UnknownProducts(unknown)) })
}
