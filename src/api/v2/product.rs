//! `/products`: list, get, create, update, destroy, and the uploads of a product.

use super::{ApiResult, Call, again, custom, page::Wanted, upload, wire::values};
use crate::{
    api::{failure::quoted, fields::Fields},
    http::{BODY_LIMIT, Response},
    json::Value,
    shop::{
        money::{Amount, Decimal},
        product::{self, GATEWAYS, Kind, Product, Restock, StockChange},
        stock::{MAX_LENGTH, MAX_SERIALS, Serials, Unfit, delimiter::unit, file::MAX_STOCK_BYTES},
        text::{is_invisible, name_of},
        upload::Place,
    },
};

mod body;
mod serials;
mod volume_discount;

#[cfg(not(target_arch = "wasm32"))]
pub use super::upload::Binary;
#[cfg(not(target_arch = "wasm32"))]
pub use body::Body;
pub use body::object;
#[cfg(not(target_arch = "wasm32"))]
pub use serials::SerialsBody;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = product::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|product| object(product, call.origin())), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let product = product::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&product, call.origin())))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = Product::blank()?;
    let serials = read(call, &mut fields, &mut product, None);
    fields.finish()?;
    let serials = serials.unwrap_or_default();
    let created = product::create(call.app, call.account, product, &serials).await?;
    let body = object(&created.value, call.origin());
    let (product, rows) = created.commit(call.app, call.keep(201, &body)?).await?;
    let duplicates = product::duplicates(&product, &serials, rows.first())?;
    Ok(reported(Response::json(201, body), duplicates))
}

/// Serials that are there twice are taken, since sellers repeat a line on purpose, and their number is told.
fn reported(response: Response, duplicates: u32) -> Response {
    match duplicates {
        0 => response,
        _ => response.with("x-duplicate-serials", duplicates.to_string()),
    }
}

/// Changes what is sent. The serials in stock are replaced when others are sent, and read anew when they are to be told
/// apart in another way.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let before = product::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = before.clone();
    let serials = read(call, &mut fields, &mut product, Some(&before));
    let from_stock = fields.value("info").is_none() && before.kind == Kind::Serials;
    fields.finish()?;
    let restock = serials.map(|serials| Restock { serials, from_stock });
    let amount = product.stock_amount != before.stock_amount;
    let change = StockChange { restock, amount };
    let (product, duplicates) = product::update(call.app, call.account, &before, product, change).await?;
    Ok(reported(Response::json(200, object(&product, call.origin())), duplicates))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    product::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

pub async fn put_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::put(call, (product::sql::TABLE, id, Place::Image)).await?;
    get(call, id).await
}

pub async fn destroy_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::destroy(call, (product::sql::TABLE, id, Place::Image)).await
}

pub async fn get_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::get(call, (product::sql::TABLE, id, Place::File)).await
}

pub async fn put_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::put(call, (product::sql::TABLE, id, Place::File)).await?;
    get(call, id).await
}

pub async fn destroy_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::destroy(call, (product::sql::TABLE, id, Place::File)).await
}

pub async fn put_serials(call: &Call<'_>, id: &str) -> ApiResult {
    serials::put(call, id).await
}

/// Writes what was sent into the product: a blank one, or the one that there is `before`. Answers the serials that it is to
/// have in stock, unless those stay.
fn read(call: &Call<'_>, fields: &mut Fields, product: &mut Product, before: Option<&Product>) -> Option<Serials> {
    let settings = &call.app.platform.settings;
    let sent = |fields: &Fields, name: &str| before.is_none() || fields.has(name);
    if sent(fields, "title") {
        product.title = fields.title("title", 255).unwrap_or_default();
    }
    if sent(fields, "description") {
        product.description = fields.required_text("description", 20_000).unwrap_or_default();
    }
    if let Some(price) = price(fields, before.map(|before| before.price)) {
        product.price = price;
    }
    if sent(fields, "product_type") {
        product.kind = kind(fields).unwrap_or(product.kind);
    }
    if sent(fields, "gateways") {
        product.gateways = gateways(fields);
    }
    for (name, flag) in
        [("private", &mut product.private), ("unlisted", &mut product.unlisted), ("vpn_block", &mut product.vpn_block)]
    {
        *flag = fields.flag(name).unwrap_or(*flag);
    }
    if fields.has("seller_note") {
        product.seller_note = fields.text("seller_note", 2_000);
    }
    if fields.has("maximum_quantity") {
        product.maximum_quantity = fields.int("maximum_quantity", 1, 1_000_000);
    }
    product.minimum_quantity = fields.int("minimum_quantity", 1, 1_000_000).unwrap_or(product.minimum_quantity);
    if product.maximum_quantity.is_some_and(|most| most < product.minimum_quantity) {
        fields.error(format!("Maximum quantity must be greater than or equal to {}", product.minimum_quantity));
    }
    if fields.has("stock_delimiter") {
        product.stock_delimiter = delimiter(fields);
    }
    if fields.has("stock_amount") {
        product.stock_amount = fields.int("stock_amount", 0, 1_000_000_000);
    }
    if fields.has("stock_warning") {
        product.stock_warning = fields.int("stock_warning", 1, 1_000_000_000);
    }
    if fields.has("volume_discounts") {
        product.volume_discounts = volume_discount::read(fields);
    }
    for (name, least, most, number) in [
        ("theme", 1, 100, &mut product.theme),
        ("crypto_confirmations", 0, 6, &mut product.crypto_confirmations),
        ("max_risk_level", 0, 100, &mut product.max_risk_level),
    ] {
        *number = fields.int(name, least, most).unwrap_or(*number);
    }
    let errors = fields.errors.len();
    if fields.has("dynamic_url") {
        product.dynamic_url = fields.hook_url("dynamic_url", settings);
    }
    if product.kind == Kind::Dynamic && product.dynamic_url.is_none() && fields.errors.len() == errors {
        fields.error("Dynamic url can't be blank");
    }
    product.unique_serials = fields.flag("unique_serials").unwrap_or(product.unique_serials);
    let serials = info(fields, product, before);
    product.paypal_email_delivery = fields.flag("paypal_email_delivery").unwrap_or(product.paypal_email_delivery);
    if fields.has("webhook_url") {
        product.webhook_url = fields.hook_url("webhook_url", settings);
    }
    if fields.has("custom") {
        product.custom = custom::read(fields);
    }
    serials
}

/// A price keeps its number when only its currency is sent.
fn price(fields: &mut Fields, before: Option<Amount>) -> Option<Amount> {
    let Some(before) = before else {
        let currency = fields.currency("currency");
        return fields.price("price", currency);
    };
    let currency = match fields.has("currency") {
        true => fields.currency("currency"),
        false => Some(before.currency()),
    };
    if fields.has("price") {
        return fields.price("price", currency);
    }
    let number = Decimal::new(before.minor().unsigned_abs().into(), before.currency().exponent());
    let price = Amount::from_decimal(number?, currency?).ok().filter(|price| price.minor() > 0);
    if price.is_none() {
        fields.error("Price can't be expressed in this currency");
    }
    price
}

fn kind(fields: &mut Fields) -> Option<Kind> {
    let before = fields.errors.len();
    let code = fields.int("product_type", i64::MIN, i64::MAX);
    let kind = code.and_then(Kind::from_code);
    if kind.is_none() && (code.is_some() || fields.errors.len() == before) {
        let problem = if code.is_some() { "is not included in the list" } else { "can't be blank" };
        fields.errors.truncate(before);
        fields.error(format!("Product type {problem}"));
    }
    kind
}

values! {
    ProductType(i64) = {"type": "integer", "enum": [1, 2, 3, 4]}

    /// Of a gateway, as products name it.
    GatewaySlug<'a>(&'a str) = {"type": "string", "enum": GATEWAYS}
}

/// A list, or a text with commas between.
fn gateways(fields: &mut Fields) -> String {
    // Each that is unknown has a sentence, so a list of many is refused as a whole.
    const MAX: usize = 20;
    if matches!(fields.value("gateways"), Some(Value::Number(_) | Value::Bool(_))) {
        fields.error("Gateways must be a list");
        return String::new();
    }
    let sent = fields.list("gateways").unwrap_or_default();
    let asked: Vec<&str> = sent.iter().flat_map(|item| item.as_str().unwrap_or("?").split(',')).collect();
    if asked.len() > MAX {
        fields.error(format!("Gateways is too long (maximum is {MAX} gateways)"));
        return String::new();
    }
    let asked: Vec<String> = asked.into_iter().map(|name| name.trim().to_owned()).collect();
    let (mut known, mut unknown) = (Vec::new(), false);
    for name in asked.iter().filter(|name| !name.is_empty()) {
        match GATEWAYS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(gateway) if known.contains(gateway) => {}
            Some(gateway) => known.push(*gateway),
            None => {
                unknown = true;
                fields.error(format!("Gateways {} is not supported", quoted(name)));
            }
        }
    }
    if known.is_empty() && !unknown {
        fields.error("Gateways can't be blank");
    }
    known.join(",")
}

/// Not trimmed, since it may be a line break; null and empty are the comma.
fn delimiter(fields: &mut Fields) -> String {
    const MAX_LENGTH: usize = 16;
    let text = match fields.value("stock_delimiter") {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => {
            fields.error("Stock delimiter must be a text");
            String::new()
        }
    };
    if text.chars().count() > MAX_LENGTH {
        fields.error(format!("Stock delimiter is too long (maximum is {MAX_LENGTH} characters)"));
    }
    if text.is_empty() {
        return ",".into();
    }
    // Pasted with the delimiter, and in no list.
    let seen = text.trim_matches(is_invisible).to_owned();
    if seen.is_empty() {
        fields.error("Stock delimiter has only invisible characters");
    }
    seen
}

/// Of a product of serials, null is no info at all: lists show null there, and a client that sends back what it was shown
/// must not empty the stock. An empty text does.
fn info(fields: &mut Fields, product: &mut Product, before: Option<&Product>) -> Option<Serials> {
    const MAX_PLAIN_LENGTH: usize = 20_000;
    let had = before.filter(|before| before.kind == Kind::Serials);
    let errors = fields.errors.len();
    let text = match product.kind {
        Kind::Serials => fields.pasted("info", BODY_LIMIT),
        _ => fields.text("info", BODY_LIMIT),
    };
    if fields.errors.len() > errors {
        return None;
    }
    let kept = before.filter(|before| before.serials_left > 0 && before.stock_delimiter != product.stock_delimiter);
    let told_apart = product.kind == Kind::Serials && (had.is_some() || fields.value("info").is_some());
    if kept.is_some() && !told_apart {
        // They would be shown with it one day, and read back as other serials.
        fields.error("Stock delimiter can't change while serials are kept that are not in stock");
        return None;
    }
    if product.kind != Kind::Serials {
        if had.is_some_and(|had| text.is_some() && text == had.info) {
            // Sent back as it was shown.
            product.info = None;
        } else if fields.has("info") {
            if text.as_ref().is_some_and(|text| text.chars().count() > MAX_PLAIN_LENGTH) {
                fields.error(format!("Info is too long (maximum is {MAX_PLAIN_LENGTH} characters)"));
            }
            product.info = text;
        } else if had.is_some() {
            // A list of serials must not become what every buyer gets.
            product.info = None;
        }
        return None;
    }
    // What is in stock already is looked through once.
    let becomes_unique = product.unique_serials && had.is_some_and(|before| !before.unique_serials);
    let same_delimiter = had.is_some_and(|before| before.stock_delimiter == product.stock_delimiter);
    let text = if fields.value("info").is_some() {
        text.unwrap_or_default()
    } else if (same_delimiter && !becomes_unique) || (had.is_none() && product.serials_left > 0) {
        return None;
    } else {
        // What there is, told apart anew.
        product.info.clone()?
    };
    match Serials::read(&text, &product.stock_delimiter, product.unique_serials) {
        // Sent back as it was shown.
        Ok(serials) if same_delimiter && !becomes_unique && serials.info() == product.info => None,
        Ok(serials) => Some(serials),
        Err(unfit) => {
            fields.error(match unfit {
                Unfit::TooMany => format!("Info has too many serials (maximum is {MAX_SERIALS})"),
                Unfit::TooLarge => format!(
                    "Info has too much text (maximum is {MAX_STOCK_BYTES} bytes, with what stands between serials and before quotes)"
                ),
                Unfit::TooLong(places) => {
                    let places = places.iter().map(usize::to_string).collect();
                    format!("Info has serials that are too long (maximum is {MAX_LENGTH} characters): {}", some(places))
                }
                Unfit::Invisible(hidden) => {
                    let unit = unit(&product.stock_delimiter);
                    let named = |(place, c): &(usize, char)| format!("{unit} {place} ({})", name_of(*c));
                    format!("Info has invisible characters: {}", some(hidden.iter().map(named).collect()))
                }
                Unfit::Repeated(repeated) => {
                    let named = |(text, first, again): &(String, usize, usize)| {
                        format!("{} ({first} and {again})", quoted(text))
                    };
                    format!("Info has serials more than once: {}", some(repeated.iter().map(named).collect()))
                }
            });
            None
        }
    }
}

/// The first ten, and how many more there are.
fn some(mut items: Vec<String>) -> String {
    const NAMED: usize = 10;
    let more = items.len().saturating_sub(NAMED);
    items.truncate(NAMED);
    let text = items.join(", ");
    if more == 0 { text } else { format!("{text} and {more} more") }
}
