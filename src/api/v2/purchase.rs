//! A product that is bought by API: what `POST /pay` asks of it, and the sentences about what is wrong.

use super::Call;
use crate::{
    api::{
        failure::{Failure, quoted},
        fields::Fields,
    },
    json::{Map, Value},
    shop::{
        Error, Refusal,
        payment::Choice,
        product::input::{self, BadAnswer, MAX_ANSWER},
        purchase::{self, Offer, Problem, Wish},
    },
};

/// The product that the request names; `None`: it names title and price.
pub fn product_id(fields: &mut Fields) -> Option<String> {
    if !fields.carries("product_id") {
        return None;
    }
    // They are the product's. A price that is ignored would be worse than one that is refused.
    for name in ["title", "currency", "value"] {
        if fields.carries(name) {
            let label = crate::api::failure::label(name);
            fields.error(format!("{label} can't be sent with a product id: it is the product's"));
        }
    }
    fields.text("product_id", 64)
}

/// Reads what is wished of a product, looks it up and prices it.
pub async fn offer(
    call: &Call<'_>,
    mut fields: Fields,
    product_id: String,
    choice: Option<&Choice>,
    email: Option<String>,
) -> Result<Offer, Failure> {
    let quantity = fields.int("quantity", 1, 1_000_000).and_then(|n| u32::try_from(n).ok());
    let coupon = fields.text("coupon", 64);
    let answers = answers(&mut fields);
    let asked = answers.clone();
    let gateways = choice.map(|choice| choice.iter().collect()).unwrap_or_default();
    let wish = Wish { product_id, quantity, coupon, answers, gateways, email };
    let known = match purchase::read(call.app, call.account, &wish).await {
        Err(Error::Refused(Refusal::NotFound)) => {
            fields.error("Product must be a product of yours");
            None
        }
        known => Some(known?),
    };
    if let Some(known) = &known {
        // One that is dropped would be worse than one that is refused.
        let unknown = unknown(known.product.custom.as_deref(), &asked);
        unknown.for_each(|name| fields.error(format!("Custom field {} is none of this product's", quoted(name))));
    }
    let offer = match known.as_ref().map(|known| purchase::offer(known, &wish, call.app.now())) {
        Some(Ok(offer)) => Some(offer),
        Some(Err(problems)) => {
            let several = choice.is_some_and(Choice::are_several);
            problems.iter().for_each(|problem| fields.error(sentence(problem, several)));
            None
        }
        None => None,
    };
    fields.finish()?;
    offer.ok_or_else(|| Failure::invalid("Product must be a product of yours"))
}

/// What is answered and nobody asked, by its name.
fn unknown<'a>(custom: Option<&str>, answers: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    // Each has a sentence, and a request may have many.
    const TOLD: usize = 10;
    let inputs = input::read(custom);
    let says = |value: &Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
    let asked = move |name: &str| {
        inputs.iter().any(|input| input.name == name) || name.parse::<usize>().is_ok_and(|n| n < inputs.len())
    };
    let names = answers.iter().filter(move |(name, value)| says(value) && !asked(name));
    names.map(|(name, _)| name.as_str()).take(TOLD)
}

fn answers(fields: &mut Fields) -> Map<String, Value> {
    match fields.value("custom") {
        None => Map::new(),
        Some(Value::Object(answers)) => answers.clone(),
        Some(Value::Array(answers)) => {
            answers.iter().enumerate().map(|(n, answer)| (n.to_string(), answer.clone())).collect()
        }
        Some(answer) => Map::from_iter([("0".to_owned(), answer.clone())]),
    }
}

/// `several`: gateways were named.
fn sentence(problem: &Problem, several: bool) -> String {
    match problem {
        Problem::OutOfStock => "Product is out of stock".into(),
        Problem::NoFile => "Product has no file yet".into(),
        Problem::SumTooLarge => "Quantity is too large: the sum is more than an order can cost".into(),
        Problem::Quantity { min, max: Some(max) } if min == max => format!("Quantity must be {min}"),
        Problem::Quantity { min, max: Some(max) } => format!("Quantity must be between {min} and {max}"),
        Problem::Quantity { min, max: None } => format!("Quantity must be greater than or equal to {min}"),
        Problem::GatewayNotEnabled(gateway) if several => {
            format!("Gateway {} is not enabled for this product", gateway.name())
        }
        Problem::GatewayNotEnabled(_) => "Gateway is not enabled for this product".into(),
        Problem::CouponNotValid => "Coupon is not valid".into(),
        Problem::Custom(_, name, bad) => {
            let problem = match bad {
                BadAnswer::Blank => "can't be blank".to_owned(),
                BadAnswer::NotANumber => "is not a number".into(),
                BadAnswer::NotInTheList => "is not included in the list".into(),
                BadAnswer::NotAccepted => "must be accepted".into(),
                BadAnswer::TooLong => format!("is too long (maximum is {MAX_ANSWER} characters)"),
                BadAnswer::NotText => "must be a text".into(),
                BadAnswer::NotPrintable => "has characters that are not allowed".into(),
            };
            format!("Custom field {} {problem}", quoted(name))
        }
    }
}
