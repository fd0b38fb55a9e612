//! Statements and rows of `products`.

use super::{Kind, Product, discount};
use crate::{
    platform::{Fault, Row, Statement, Value},
    shop::{
        list,
        money::{Amount, Currency},
        stock::Serials,
        upload,
    },
};

pub const TABLE: &str = "products";
pub const COLUMNS: &str = "account_id, seq, id, title, description, price, currency, product_type, gateways, private, unlisted, vpn_block, \
    seller_note, maximum_quantity, minimum_quantity, stock_delimiter, stock_amount, theme, crypto_confirmations, \
    max_risk_level, dynamic_url, info, paypal_email_delivery, webhook_url, custom, unique_serials, stock_warning, volume_discounts, \
    email_message, serials_left, stock_held, stock_owed, \
    image_id, image_size, image_type, image_name, image_width, image_height, file_id, file_size, file_type, file_name, created_at, updated_at";

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM products WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

/// By its id, or by its number in the list.
pub fn named(account_id: i64, name: &str) -> Statement {
    list::named(account_id, TABLE, COLUMNS, name)
}

pub fn product(row: &Row) -> Result<Product, Fault> {
    row.read(|row| {
        let (account_id, seq) = (row.int(), row.int());
        let id = row.text();
        let title = row.text();
        let description = row.text();
        let minor = row.int();
        let price = Currency::parse(&row.text()).and_then(|currency| Amount::new(minor, currency));
        let price = price.ok_or_else(|| Fault("a product's price is none".into()))?;
        let kind = Kind::from_code(row.int()).ok_or_else(|| Fault("a product of an unknown type".into()))?;
        let product = Product {
            account_id,
            seq,
            id,
            title,
            description,
            price,
            kind,
            gateways: row.text(),
            private: row.flag(),
            unlisted: row.flag(),
            vpn_block: row.flag(),
            seller_note: row.maybe_text(),
            maximum_quantity: row.maybe_int(),
            minimum_quantity: row.int(),
            stock_delimiter: row.text(),
            stock_amount: row.maybe_int(),
            theme: row.int(),
            crypto_confirmations: row.int(),
            max_risk_level: row.int(),
            dynamic_url: row.maybe_text(),
            info: row.maybe_text().filter(|_| kind != Kind::Serials),
            paypal_email_delivery: row.flag(),
            webhook_url: row.maybe_text(),
            custom: row.maybe_text(),
            unique_serials: row.flag(),
            stock_warning: row.maybe_int(),
            volume_discounts: discount::from_text(row.maybe_text())?,
            email_message: row.maybe_text(),
            serials_left: row.count(),
            stock_held: row.int(),
            stock_owed: row.int(),
            image: upload::read_image(row)?,
            file: upload::read(row)?,
            created_at: row.int(),
            updated_at: row.int(),
        };
        Ok(product)
    })
}

const UNKNOWN: &str = "FROM json_each(?2)
     WHERE NOT EXISTS (SELECT 1 FROM products WHERE products.account_id = ?1 AND products.id = json_each.value)";

/// Nothing is committed, as stale, unless all of these are products of the account. `product_ids` is a JSON array.
pub fn all_known(account_id: i64, product_ids: &str) -> Statement {
    Statement::guard(&format!("NOT EXISTS (SELECT 1 {UNKNOWN})"), vec![account_id.into(), product_ids.into()])
}

/// Those that are not.
pub fn unknown(account_id: i64, product_ids: &str) -> Statement {
    Statement::new(format!("SELECT value {UNKNOWN} ORDER BY key"), vec![account_id.into(), product_ids.into()])
}

/// `html`: its description, rendered.
pub fn insert(account_id: i64, product: &Product, html: &str, serials: &Serials) -> Statement {
    let joint = if serials.joint.is_empty() { &product.stock_delimiter } else { &serials.joint };
    let rest = [joint.into(), product.created_at.into(), serials.count().into()];
    Statement::new(
        format!(
            "INSERT INTO products (account_id, seq, id, {OWN}, stock_joint, created_at, updated_at, serials_left, serials_added)
             SELECT ?1, {}, ?2, {PLACES}, ?28, ?29, ?29, ?30, ?30",
            list::next_seq(TABLE)
        ),
        args(account_id, product, html, rest),
    )
}

/// Answers the whole row, if it was there. `amount`: the stock is set as well, with what unpaid orders hold; otherwise sales may
/// go on meanwhile.
pub fn update(
    account_id: i64,
    product: &Product,
    html: &str,
    serials: Option<&Serials>,
    amount: Option<Option<i64>>,
) -> Statement {
    let joint = serials.map(|serials| serials.joint.as_str());
    let rest = [joint.into(), product.updated_at.into(), serials.map(Serials::count).into()];
    let places = match amount {
        Some(_) => PLACES.replace("?16,", "IIF(?7 = 2, ?33, MAX(0, ?33 - stock_held)),"),
        None => PLACES.replace("?16,", "stock_amount,"),
    };
    let mut args = args(account_id, product, html, rest);
    args.extend(amount.map(Value::from));
    // The seller is told anew when it runs out again, or runs lower than they say now.
    let told = match amount.is_some() || serials.is_some() {
        true => "0",
        false => "IIF(stock_told = 1 AND stock_warning IS NOT ?26, 0, stock_told)",
    };
    Statement::new(
        format!(
            "UPDATE products SET ({OWN}, stock_joint, updated_at, serials_left, serials_added, stock_told)
               = ({places}, COALESCE(?28, stock_joint), ?29, COALESCE(?30, serials_left), serials_added + COALESCE(?30, 0), {told})
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        args,
    )
}

/// Counts what is in stock of a product of serials. Answers its whole row.
pub fn recount(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!(
            "UPDATE products SET serials_left = (SELECT COUNT(*) FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0)
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        vec![account_id.into(), id.into()],
    )
}

/// What the seller says in the mail that brings an order's goods.
pub fn email_message(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT p.email_message FROM orders o CROSS JOIN products p ON p.id = o.product_id AND p.account_id = o.account_id
         WHERE o.account_id = ?1 AND o.id = ?2",
        vec![account_id.into(), order_id.into()],
    )
}

/// What PUT may write, and its places among the parameters.
const OWN: &str = "title, description, price, currency, product_type, gateways, private, unlisted, vpn_block, seller_note, \
    maximum_quantity, minimum_quantity, stock_delimiter, stock_amount, theme, crypto_confirmations, max_risk_level, \
    dynamic_url, info, paypal_email_delivery, webhook_url, custom, unique_serials, stock_warning, volume_discounts, description_html, email_message";
const PLACES: &str = "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, \
    ?27, ?31, ?32";

fn args(account_id: i64, product: &Product, html: &str, rest: [Value; 3]) -> Vec<Value> {
    let mut args = vec![
        account_id.into(),
        (&product.id).into(),
        (&product.title).into(),
        (&product.description).into(),
        product.price.minor().into(),
        product.price.currency().code().into(),
        (product.kind as i64).into(),
        (&product.gateways).into(),
        product.private.into(),
        product.unlisted.into(),
        product.vpn_block.into(),
        product.seller_note.clone().into(),
        product.maximum_quantity.into(),
        product.minimum_quantity.into(),
        (&product.stock_delimiter).into(),
        product.stock_amount.into(),
        product.theme.into(),
        product.crypto_confirmations.into(),
        product.max_risk_level.into(),
        product.dynamic_url.clone().into(),
        // Serials are rows of their own.
        product.info.as_deref().filter(|_| product.kind != Kind::Serials).into(),
        product.paypal_email_delivery.into(),
        product.webhook_url.clone().into(),
        product.custom.clone().into(),
        product.unique_serials.into(),
        product.stock_warning.into(),
        discount::to_text(&product.volume_discounts).into(),
    ];
    args.extend(rest);
    args.extend([html.into(), product.email_message.clone().into()]);
    args
}

/// Whether the product is low (1) or out of stock (2) and the seller wasn't told; of a row of `products`. What unpaid orders hold
/// may come back, so it counts.
pub fn ran_low(told: i64) -> String {
    const LEFT: &str = "(IIF(product_type = 2, serials_left, stock_amount) + stock_held)";
    match told {
        2 => format!("{LEFT} = 0 AND stock_told < 2"),
        _ => format!("{LEFT} < stock_warning AND {LEFT} > 0 AND stock_told < 1"),
    }
}

/// Notes that the seller is told of it, if it is so.
pub fn tell_stock(account_id: i64, id: &str, told: i64) -> Statement {
    Statement::new(
        format!("UPDATE products SET stock_told = ?3 WHERE account_id = ?1 AND id = ?2 AND {}", ran_low(told)),
        vec![account_id.into(), id.into(), told.into()],
    )
}

/// Takes a product out of all categories, whose own reading then costs nothing more for it.
pub fn leave_categories(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "UPDATE categories SET product_ids =
           (SELECT json_group_array(value) FROM (SELECT value FROM json_each(product_ids) WHERE value <> ?2 ORDER BY key)),
           updated_at = updated_at + 1
         WHERE account_id = ?1 AND EXISTS (SELECT 1 FROM json_each(product_ids) WHERE value = ?2)",
        vec![account_id.into(), product_id.into()],
    )
}
