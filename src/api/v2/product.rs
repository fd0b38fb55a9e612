//! `/products`: list, get, create, update, destroy.

use serde::Serialize;

use super::{
    Answer, Call, again, custom,
    page::Wanted,
    upload,
    wire::{CurrencyCode, DecimalText, Time, values},
};
use crate::{
    api::{failure::quoted, fields::Fields},
    http::{BODY_LIMIT, Response},
    json::{self, Raw, Value},
    shop::{
        money::{Amount, Decimal},
        product::{self, GATEWAYS, Kind, Product, Restock},
        stock::{LONGEST, MOST, Serials, Unfit, delimiter::unit},
        text::{is_invisible, name_of},
    },
};

pub async fn list(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let page = product::list(call.shop, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|product| object(product, call.origin())), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> Answer {
    let product = product::get(call.shop, call.account, id).await?;
    Ok(Response::json(200, object(&product, call.origin())))
}

pub async fn create(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = Product::blank()?;
    let serials = read(call, &mut fields, &mut product, None);
    fields.finish()?;
    let object = |product: &Product| object(product, call.origin());
    let keep = |product: &Product| call.keep(201, &object(product));
    let serials = serials.unwrap_or_default();
    let duplicates = product::create(call.shop, call.account, &mut product, serials, &keep).await?;
    Ok(reported(Response::json(201, object(&product)), duplicates))
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
pub async fn update(call: &Call<'_>, id: &str) -> Answer {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> Answer {
    let before = product::get(call.shop, call.account, id).await?;
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = before.clone();
    let serials = read(call, &mut fields, &mut product, Some(&before));
    let from_stock = fields.value("info").is_none() && before.kind == Kind::Serials;
    fields.finish()?;
    let restock = serials.map(|serials| Restock { serials, from_stock });
    let (product, duplicates) = product::update(call.shop, call.account, &before, product, restock).await?;
    Ok(reported(Response::json(200, object(&product, call.origin())), duplicates))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> Answer {
    product::destroy(call.shop, call.account, id).await?;
    Ok(Response::empty(204))
}

/// Writes what was sent into the product: a blank one, or the one that there is `before`. Answers the serials that it is to
/// have in stock, unless those stay.
fn read(call: &Call<'_>, fields: &mut Fields, product: &mut Product, before: Option<&Product>) -> Option<Serials> {
    let settings = &call.shop.platform.settings;
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
    const MOST: usize = 20;
    if matches!(fields.value("gateways"), Some(Value::Number(_) | Value::Bool(_))) {
        fields.error("Gateways must be a list");
        return String::new();
    }
    let sent = fields.list("gateways").unwrap_or_default();
    let asked: Vec<&str> = sent.iter().flat_map(|item| item.as_str().unwrap_or("?").split(',')).collect();
    if asked.len() > MOST {
        fields.error(format!("Gateways is too long (maximum is {MOST} gateways)"));
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
    const LONGEST: usize = 16;
    let text = match fields.value("stock_delimiter") {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => {
            fields.error("Stock delimiter must be a text");
            String::new()
        }
    };
    if text.chars().count() > LONGEST {
        fields.error(format!("Stock delimiter is too long (maximum is {LONGEST} characters)"));
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
    const LONGEST_PLAIN: usize = 20_000;
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
            if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_PLAIN) {
                fields.error(format!("Info is too long (maximum is {LONGEST_PLAIN} characters)"));
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
                Unfit::TooMany => format!("Info has too many serials (maximum is {MOST})"),
                Unfit::TooLong(places) => {
                    let places = places.iter().map(usize::to_string).collect();
                    format!("Info has serials that are too long (maximum is {LONGEST} characters): {}", some(places))
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

/// The reference's product object, field for field; also the body of product events. `origin`: of an image's address.
pub fn object(product: &Product, origin: &str) -> String {
    let body = Body {
        id: &product.id,
        title: &product.title,
        description: &product.description,
        stock: product.stock().map_or(Stock::Endless("∞"), Stock::Count),
        price: DecimalText(product.price.wire()),
        currency: CurrencyCode(product.price.currency().code()),
        product_type: ProductType(product.kind as i64),
        gateways: product.gateways.split(',').map(GatewaySlug).collect(),
        private: product.private,
        unlisted: product.unlisted,
        vpn_block: product.vpn_block,
        seller_note: product.seller_note.as_deref(),
        maximum_quantity: product.maximum_quantity,
        minimum_quantity: product.minimum_quantity,
        stock_delimiter: &product.stock_delimiter,
        stock_amount: product.stock_amount,
        image: product.image.as_ref().map(|image| upload::image(image, "products", origin)),
        theme: product.theme,
        crypto_confirmations: product.crypto_confirmations,
        max_risk_level: product.max_risk_level,
        dynamic_url: product.dynamic_url.as_deref(),
        info: product.info.as_deref(),
        file: product.file.as_ref().map(upload::file),
        paypal_email_delivery: product.paypal_email_delivery,
        webhook_url: product.webhook_url.as_deref(),
        custom: Raw(product.custom.as_deref().unwrap_or("null")),
        created_at: Time::at(product.created_at),
        updated_at: Time::at(product.updated_at),
        unique_serials: product.unique_serials,
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Product"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What buyers see first.
    title: &'a str,
    /// What it is, in Markdown.
    description: &'a str,
    /// How many can be sold: of serials those that are left, of a file `stock_amount`, otherwise
    /// `"∞"`.
    stock: Stock,
    /// Of one.
    price: DecimalText,
    /// Of the price, ISO 4217. Sent without a price, the number stays.
    currency: CurrencyCode<'a>,
    /// What is sold: 1 a file, 2 serials, 3 what your own server answers (dynamic), 4 a service.
    product_type: ProductType,
    /// How it can be paid.
    gateways: Vec<GatewaySlug<'a>>,
    /// Whether only those can see it whom you let.
    private: bool,
    /// Whether it is left out of the shop's listings.
    unlisted: bool,
    /// Whether buyers behind VPNs and proxies are turned away.
    vpn_block: bool,
    /// For yourself.
    seller_note: Option<&'a str>,
    /// How many an order may have at most; `null` is as many as there are.
    maximum_quantity: Option<i64>,
    /// How many an order must have at least.
    minimum_quantity: i64,
    /// What stands between serials in `info`: a comma unless you say, perhaps a line break, which
    /// may be written as `\n`, and matches any kind of line break.
    stock_delimiter: &'a str,
    /// How many of a file can be sold; `null` is without end.
    stock_amount: Option<i64>,
    /// Its image; see the uploads below.
    image: Option<upload::Image<'a>>,
    /// How its page looks.
    theme: i64,
    /// How many confirmations a payment in coins needs.
    crypto_confirmations: i64,
    /// Buyers whose risk is higher are turned away.
    max_risk_level: i64,
    /// What answers with the goods, when the type is 3.
    dynamic_url: Option<&'a str>,
    /// What the buyer gets. When the type is 2, the serials that are in stock, with
    /// `stock_delimiter` between: sending others replaces them, and leaves what is sold or held for
    /// an order. Serials that you have already are taken too, and `X-Duplicate-Serials` says how
    /// many they are. Characters that nobody sees are taken off the ends of a serial, and refused
    /// inside. Lists show `null` there, so `null` changes nothing; an empty text empties the stock.
    info: Option<&'a str>,
    /// What is sold, when the type is 1; see the uploads below.
    file: Option<upload::File<'a>>,
    /// Whether PayPal buyers get it at their PayPal e-mail.
    paypal_email_delivery: bool,
    /// Gets the events of this product's orders, beside your endpoints.
    webhook_url: Option<&'a str>,
    /// What buyers fill in; `null` when there is nothing.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Vec<custom::Input>>"))]
    custom: Raw<'a>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// Whether serials that stand twice in `info`, or that you have already in any product, are
    /// refused.
    unique_serials: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
enum Stock {
    Count(i64),
    Endless(&'static str),
}
