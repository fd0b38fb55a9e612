//! The fields of a product, as every dialect's requests have them.

use super::{custom_fields, failure::quoted, fields::Fields};
use crate::{
    http::BODY_LIMIT,
    json::Value,
    platform::Settings,
    shop::{
        money::{Amount, Decimal},
        product::{GATEWAYS, Kind, Product, Restock, StockChange, VolumeDiscount, discount::MAX_VOLUME_DISCOUNTS},
        stock::{MAX_LENGTH, MAX_SERIALS, Serials, Unfit, delimiter::unit, file::MAX_STOCK_BYTES},
        text::{is_invisible, name_of},
    },
};

/// Writes what was sent into the product: a blank one, or the one that there is `before`. Answers what that does to the stock.
pub fn read(settings: &Settings, fields: &mut Fields, product: &mut Product, before: Option<&Product>) -> StockChange {
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
    let mut amount = None;
    if fields.has("stock_amount") {
        let sent = fields.int("stock_amount", 0, 1_000_000_000);
        if sent != before.and_then(Product::amount) {
            amount = Some(sent);
            product.set_amount(sent);
        }
    }
    if fields.has("stock_warning") {
        product.stock_warning = fields.int("stock_warning", 1, 1_000_000_000);
    }
    if fields.has("volume_discounts") {
        product.volume_discounts = volume_discounts(fields);
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
    let repeats = fields.flag("allow_repeats").unwrap_or(false);
    let from_stock = fields.value("info").is_none() && before.is_some_and(|before| before.kind == Kind::Serials);
    let restock = info(fields, product, before).map(|serials| Restock { serials, from_stock, repeats });
    if fields.has("email_message") {
        product.email_message = fields.text("email_message", 2_000);
    }
    product.paypal_email_delivery = fields.flag("paypal_email_delivery").unwrap_or(product.paypal_email_delivery);
    if fields.has("webhook_url") {
        product.webhook_url = fields.hook_url("webhook_url", settings);
    }
    if fields.has("custom") {
        product.custom = custom_fields::read(fields);
    }
    StockChange { restock, amount }
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

/// A list of `{quantity, percent}`, kept in the order of their quantities.
fn volume_discounts(fields: &mut Fields) -> Vec<VolumeDiscount> {
    let items: Vec<Value> = match fields.value("volume_discounts") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(Value::Object(items)) => items.values().cloned().collect(),
        Some(Value::String(text)) if text.trim().is_empty() => return Vec::new(),
        Some(_) => {
            fields.error("Volume discounts must be a list");
            return Vec::new();
        }
    };
    if items.len() > MAX_VOLUME_DISCOUNTS {
        fields.error(format!("Volume discounts is too long (maximum is {MAX_VOLUME_DISCOUNTS} discounts)"));
        return Vec::new();
    }
    let mut discounts: Vec<VolumeDiscount> = Vec::new();
    for (n, item) in items.into_iter().enumerate() {
        let Value::Object(map) = item else {
            fields.error(format!("Volume discounts {n} must be an object"));
            continue;
        };
        let mut inner = Fields::of(map);
        let quantity = inner.int("quantity", 2, 1_000_000).and_then(|quantity| u32::try_from(quantity).ok());
        let percent = inner.percent("percent", 2, 10_000);
        if inner.errors.is_empty() {
            match (quantity, percent) {
                (None, _) => inner.error("Quantity can't be blank"),
                (_, None) => inner.error("Percent can't be blank"),
                (_, Some(0)) => inner.error("Percent must be greater than 0"),
                (Some(quantity), _) if discounts.iter().any(|known| known.quantity == quantity) => {
                    inner.error("Quantity has already been taken");
                }
                (Some(quantity), Some(percent)) => discounts.push(VolumeDiscount { quantity, percent }),
            }
        }
        for mut error in inner.errors {
            if let Some(first) = error.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            fields.error(format!("Volume discounts {n} {error}"));
        }
    }
    discounts.sort_by_key(|discount| discount.quantity);
    discounts
}
