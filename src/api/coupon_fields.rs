//! The fields of a coupon, as every dialect's requests have them.

use super::{failure::Failure, fields::Fields};
use crate::{
    http::Request,
    json::Value,
    shop::{
        coupon::{Discount, MAX_PRODUCTS, Terms},
        money::{Amount, Currency, Decimal, NotDecimal},
        text::clean,
    },
};

const MAX_USES: i64 = 1_000_000_000;

/// The terms that were sent, over those that are kept.
pub fn read(request: &Request, kept: Option<Terms>) -> Result<Terms, Failure> {
    let mut fields = Fields::read(request, "coupon")?;
    let sent = |fields: &Fields, name: &str| kept.is_none() || fields.has(name);
    let before = kept.as_ref();
    let code = match sent(&fields, "code") {
        true => code(&mut fields),
        false => before.map(|terms| terms.code.clone()),
    };
    let discount = discount(&mut fields, before.map(|terms| terms.discount));
    let product_ids = match sent(&fields, "product_ids") {
        true => product_ids(&mut fields),
        false => before.map(|terms| terms.product_ids.clone()).unwrap_or_default(),
    };
    let max_uses = match sent(&fields, "max_uses") {
        true => fields.int("max_uses", 1, MAX_USES),
        false => before.and_then(|terms| terms.max_uses),
    };
    let max_uses_per_email = match sent(&fields, "max_uses_per_email") {
        true => fields.int("max_uses_per_email", 1, MAX_USES),
        false => before.and_then(|terms| terms.max_uses_per_email),
    };
    let minimum = minimum(&mut fields, before);
    let starts_at = match sent(&fields, "starts_at") {
        true => fields.time("starts_at"),
        false => before.and_then(|terms| terms.starts_at),
    };
    let expires_at = match sent(&fields, "expires_at") {
        true => fields.time("expires_at"),
        false => before.and_then(|terms| terms.expires_at),
    };
    if starts_at.zip(expires_at).is_some_and(|(starts, ends)| starts >= ends) {
        fields.error("Starts at must be before expires at");
    }
    fields.finish()?;
    match (code, discount) {
        (Some(code), Some(discount)) => {
            Ok(Terms { code, discount, product_ids, max_uses, max_uses_per_email, minimum, starts_at, expires_at })
        }
        _ => Err(Failure::invalid("Discount can't be blank")),
    }
}

/// ASCII only: a buyer types it by hand, in whatever case, and the database compares it so.
fn code(fields: &mut Fields) -> Option<String> {
    let code = clean(&fields.required_text("code", 64)?).to_owned();
    if code.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(code);
    }
    fields.error("Code must be letters, digits and signs of ASCII, without spaces");
    None
}

/// What the order must come to, in the coupon's currency.
fn minimum(fields: &mut Fields, before: Option<&Terms>) -> Option<Amount> {
    // In another currency it is another one, so it is read again.
    fields.or("minimum", before.and_then(|terms| terms.minimum).map(Amount::wire));
    fields.value("minimum")?;
    fields.or("currency", before.and_then(Terms::currency).map(str::to_owned));
    let sent = fields.value("currency").and_then(Value::as_str).and_then(Currency::parse);
    let minimum = fields.price("minimum", sent);
    if sent.is_none() && fields.text("discount_type", 64).as_deref() != Some("amount") {
        fields.currency("currency");
    }
    minimum
}

/// Type, number and currency belong together: what isn't sent is taken as sent again.
fn discount(fields: &mut Fields, kept: Option<Discount>) -> Option<Discount> {
    fields.or("discount_type", kept.map(|discount| discount.kind().to_owned()));
    fields.or("discount", kept.map(Discount::wire));
    fields.or("currency", kept.and_then(Discount::currency).map(str::to_owned));
    let kind = fields.text("discount_type", 64);
    match kind.as_deref().unwrap_or("percent") {
        "percent" => percent(fields),
        "amount" => {
            let currency = fields.value("currency").and_then(Value::as_str).and_then(Currency::parse);
            let amount = fields.price("discount", currency);
            fields.currency("currency");
            amount.map(Discount::Amount)
        }
        _ => {
            fields.error("Discount type is not included in the list");
            None
        }
    }
}

fn percent(fields: &mut Fields) -> Option<Discount> {
    let text = fields.required_text("discount", 64)?;
    let problem = match Decimal::parse(&text) {
        Err(NotDecimal::NotANumber) => "is not a number",
        Err(NotDecimal::Negative) => "must be greater than 0",
        Err(NotDecimal::OutOfRange) => "is out of range",
        Ok(number) if number.is_zero() => "must be greater than 0",
        Ok(number) => match Discount::percent(number) {
            Some(discount) => return Some(discount),
            None if Decimal::new(100, 0).is_some_and(|hundred| number > hundred) => "must be less than or equal to 100",
            None => "has too many decimals (maximum is 2)",
        },
    };
    fields.error(format!("Discount {problem}"));
    None
}

/// A list without repeats; one id alone is a list too.
fn product_ids(fields: &mut Fields) -> Vec<String> {
    let sent: Vec<Value> = fields.list("product_ids").unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    for id in &sent {
        // Comparing all of a long list with all would take its time; it is refused already.
        if ids.len() > MAX_PRODUCTS {
            break;
        }
        match id.as_str() {
            // An empty form field is an empty list.
            Some("") => {}
            Some(id) if is_product_id(id) => {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
            _ => {
                fields.error("Product ids must be ids of products");
                return Vec::new();
            }
        }
    }
    if ids.len() > MAX_PRODUCTS {
        fields.error(format!("Product ids are too many (maximum is {MAX_PRODUCTS})"));
    }
    ids
}

/// Eight hex digits, as the reference has them.
fn is_product_id(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
