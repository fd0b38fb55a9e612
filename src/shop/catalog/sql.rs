//! Statements and rows of what buyers see.

use super::{Card, Category, Rating, Remark, Shop};
use crate::{
    json,
    platform::{Fault, Row, Statement},
    shop::{
        account::{
            Account,
            contact::{self, Contact},
        },
        money::{Amount, Currency},
        seller::appearance::{self, Appearance},
        upload,
    },
};

/// Whose product or category has this id, which is unique in its shard.
pub fn by_public_id(table: &str, id: &str) -> Statement {
    Statement::new(format!("SELECT account_id FROM {table} WHERE id = ?1"), vec![id.into()])
}

pub fn shop(account_id: i64) -> Statement {
    let (contact, looks) = (contact::COLUMNS, appearance::COLUMNS);
    Statement::new(
        format!(
            "SELECT shop_name, test, disabled_at, description_html, {contact}, {looks} FROM shops WHERE account_id = ?1"
        ),
        vec![account_id.into()],
    )
}

/// `None` of a disabled account.
pub fn read_shop(row: &Row, account_id: i64, shard: &str) -> Result<Option<Shop>, Fault> {
    row.read(|row| {
        let name = row.text();
        let account = Account::acting(account_id, shard, row.flag());
        let disabled_at = row.maybe_int();
        let description_html = row.text();
        let (contact, appearance) = (Contact::read(row), Appearance::read(row)?);
        let shop = Shop {
            account,
            name,
            contact,
            appearance,
            logo: None,
            description_html,
            scripts: Vec::new(),
            gateways: Vec::new(),
            categories: Vec::new(),
            products: Vec::new(),
        };
        Ok(disabled_at.is_none().then_some(shop))
    })
}

/// The gateways that the account has set up, as `POST /pay` asks it (`payment::sql::insert`).
pub fn gateways(account_id: i64) -> Statement {
    Statement::new(
        "SELECT gateway FROM wallets WHERE account_id = ?1 AND active = 1
         UNION SELECT gateway FROM gateway_settings
         WHERE account_id = ?1 AND name IN ('email', 'client_secret', 'secret_key')",
        vec![account_id.into()],
    )
}

pub fn categories(account_id: i64, most: u32) -> Statement {
    Statement::new(
        "SELECT id, title, product_ids, unlisted FROM categories WHERE account_id = ?1 ORDER BY seq LIMIT ?2",
        vec![account_id.into(), most.into()],
    )
}

pub fn category(row: &Row) -> Result<Category, Fault> {
    row.read(|row| {
        let (id, title, product_ids) = (row.text(), row.text(), row.text());
        let product_ids =
            json::from_text(&product_ids).ok_or_else(|| Fault("a category's products can't be read".into()))?;
        Ok(Category { id, title, product_ids, unlisted: row.flag() })
    })
}

/// The newest of those that are neither private nor unlisted. Those that are are passed over.
pub fn products(account_id: i64, most: u32) -> Statement {
    Statement::new(
        "SELECT id, title, price, currency, IIF(product_type = 2, serials_left, IIF(product_type = 1 AND file_id IS NULL, 0, stock_amount)) - stock_owed AS stock, minimum_quantity,
                image_id, image_size, image_type, image_name, image_width, image_height, feedback_count, feedback_stars
         FROM products WHERE account_id = ?1 AND private = 0 AND unlisted = 0 ORDER BY seq DESC LIMIT ?2",
        vec![account_id.into(), most.into()],
    )
}

pub fn card(row: &Row) -> Result<Card, Fault> {
    row.read(|row| {
        let (id, title, minor, currency) = (row.text(), row.text(), row.int(), row.text());
        let price = Currency::parse(&currency).and_then(|currency| Amount::new(minor, currency));
        Ok(Card {
            id,
            title,
            price: price.ok_or_else(|| Fault("a product's price is none".into()))?,
            stock: row.maybe_int(),
            least: row.int(),
            image: upload::read_image(row)?,
            rating: Rating { count: row.int(), stars: row.int() },
        })
    })
}

/// What a product's page has and the API's product has not.
pub fn more(account_id: i64, id: &str) -> Statement {
    Statement::new(
        "SELECT description_html, feedback_count, feedback_stars FROM products WHERE account_id = ?1 AND id = ?2",
        vec![account_id.into(), id.into()],
    )
}

pub fn feedbacks(account_id: i64, product_id: &str, most: u32) -> Statement {
    Statement::new(
        "SELECT stars, comment, response, created_at FROM feedbacks
         WHERE account_id = ?1 AND product_id = ?2 ORDER BY seq DESC LIMIT ?3",
        vec![account_id.into(), product_id.into(), most.into()],
    )
}

pub fn remark(row: &Row) -> Result<Remark, Fault> {
    row.read(|row| Ok(Remark { stars: row.count(), comment: row.text(), response: row.text(), created_at: row.int() }))
}
