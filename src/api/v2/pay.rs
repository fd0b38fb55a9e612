//! `/pay`: payment links, and orders without a page (white-label).

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::{
    ApiResult, Call,
    order::{GatewayName, white_label},
    purchase,
};
use crate::{
    api::{
        failure::{Failure, label, quoted},
        fields::Fields,
        price::not_taken,
    },
    http::Response,
    json::{self, Map, Value},
    shop::{
        fraud::Visitor,
        gateway::{Gateway, GatewayContext},
        hold::Item,
        id,
        money::{Amount, Decimal},
        order::{self, Buyer, Draft, Order},
        payment::{self, Choice, Made},
        purchase::Offer,
        webhook::Dialect,
    },
};

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "payment")?;
    let insecure = call.app.platform.settings.allow_insecure_urls;
    let product_id = purchase::product_id(&mut fields);
    let of_product = product_id.is_some();
    let title = if of_product { None } else { fields.title("title", 255) };
    let email = fields.email("email");
    let currency = if of_product { None } else { fields.currency("currency") };
    let price = if of_product { None } else { fields.price("value", currency) };
    let choice = choice(&mut fields);
    if let (Some(price), Some(choice)) = (price, &choice) {
        choice.iter().filter_map(|gateway| not_taken(price, gateway)).for_each(|problem| fields.error(problem));
    }
    let name = if fields.has("confirmations") { "confirmations" } else { "crypto_confirmations" };
    let confirmations = fields.int(name, 0, 6).and_then(|n| u32::try_from(n).ok());
    let white_label = fields.flag("white_label").unwrap_or(false);
    if white_label && choice.as_ref().is_some_and(Choice::are_several) {
        fields.error("White label needs one gateway: an order is paid through one");
    }
    let ip_address = ip_address(&mut fields);
    let before = fields.errors.len();
    let return_url = fields.url("return_url", insecure);
    if return_url.is_none() && !white_label && fields.errors.len() == before {
        fields.error("Return url can't be blank");
    }
    let webhook_url = fields.hook_url("webhook_url", &call.app.platform.settings);
    let sale = match product_id {
        Some(id) => sale_of_product(call, fields, id, choice.as_ref(), email.clone()).await?,
        None => {
            // One that is ignored would be worse than one that is refused.
            if fields.carries("coupon") {
                fields.error("Coupon can't be sent without a product id");
            }
            let custom = custom(&mut fields);
            let quantity = fields.int("quantity", 1, 1_000_000).unwrap_or(1);
            fields.finish()?;
            let (Some(title), Some(price)) = (title, price) else {
                return Err(Failure::invalid("Gateway is not configured"));
            };
            let quantity = u32::try_from(quantity).unwrap_or(1);
            Sale { product: None, title, price, quantity, confirmations, custom, webhook_url: None }
        }
    };
    let Some(choice) = choice else { return Err(Failure::invalid("Gateway is not configured")) };
    let Sale { product, title, price, quantity, confirmations, custom, webhook_url: of_product } = sale;
    let webhook_url = webhook_url.or(of_product);
    let origin = call.origin();
    if white_label {
        let (product_id, item) = product.unzip();
        let draft = Draft {
            id: id::uuid(call.app.random()),
            payment_id: None,
            product_id: product_id.unwrap_or_else(|| "pay".into()),
            product_title: title,
            item,
            price,
            quantity,
            gateway: choice.first(),
            confirmations,
            buyer: Buyer { email, ip_address, ..Buyer::default() },
            custom,
            return_url,
            webhook_url,
            webhook_dialect: Dialect::V2,
            origin: origin.to_owned(),
            page: None,
            attempt: 0,
            visitor: Visitor::default(),
        };
        let placed = order::open::place(call.app, call.account, draft, call.begin()).await?;
        return call.commit(201, placed, |order| white_label_object(call, order)).await;
    }
    let named =
        choice.are_several().then(|| choice.iter().map(|gateway| GatewayName(gateway.name())).collect::<Vec<_>>());
    let request = payment::Request {
        product,
        title,
        email,
        price,
        quantity,
        choice,
        confirmations,
        return_url: return_url.unwrap_or_default(),
        webhook_url,
        webhook_dialect: Dialect::V2,
        custom,
    };
    let object = |made: &Made| {
        let url = format!("{origin}/pay/{}/{}", made.id, made.token);
        json::to_text(&Link { url, gateway: named.as_deref() })
    };
    call.commit(201, payment::create(call.app, call.account, request).await?, object).await
}

/// What is sold, and for how much.
struct Sale {
    product: Option<(String, Item)>,
    title: String,
    price: Amount,
    quantity: u32,
    confirmations: Option<u32>,
    custom: Option<String>,
    /// The product's own.
    webhook_url: Option<String>,
}

/// Title, price and confirmations are the product's.
async fn sale_of_product(
    call: &Call<'_>,
    fields: Fields,
    product_id: String,
    choice: Option<&Choice>,
    email: Option<String>,
) -> Result<Sale, Failure> {
    let Offer { product, quantity, price, custom, item } =
        purchase::offer(call, fields, product_id, choice, email).await?;
    let gateways = choice.filter(|_| price.minor() > 0).into_iter().flat_map(Choice::iter);
    let problems: Vec<_> = gateways.filter_map(|gateway| not_taken(price, gateway)).collect();
    if !problems.is_empty() {
        return Err(Failure::validation(problems));
    }
    Ok(Sale {
        title: product.title,
        price,
        quantity,
        confirmations: u32::try_from(product.crypto_confirmations).ok(),
        custom,
        webhook_url: product.webhook_url,
        product: Some((product.id, item)),
    })
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    payment::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "PaymentLink"))]
pub(super) struct Link<'a> {
    /// The page to send the buyer to. The buyer can start to pay there for 30 days. An order that
    /// was started goes on, and its page stays.
    url: String,
    /// What the buyer chooses from, where you named several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<GatewayName<'static>>"))]
    gateway: Option<&'a [GatewayName<'static>]>,
}

/// Whoever takes the first that fits must not find the link in an order, which has a `url` too.
#[cfg(not(target_arch = "wasm32"))]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "it is described, and never made")]
pub(super) enum Answers {
    Order(Box<super::order::WhiteLabel<'static>>),
    Link(Link<'static>),
}

fn white_label_object(call: &Call<'_>, order: &Order) -> String {
    let context = GatewayContext { app: call.app, account: call.account };
    white_label(order, &order.gateway.of(call.account).url(context, order.target()))
}

/// The gateway, or several as a list. Of one the sentences name the field alone, as they always have.
fn choice(fields: &mut Fields) -> Option<Choice> {
    const MAX: usize = Gateway::ALL.len();
    let sent = match fields.value("gateway") {
        Some(Value::Array(items)) if items.is_empty() => vec![Value::Null],
        // As forms write a list.
        Some(Value::Object(items)) if !items.keys().all(|n| n.bytes().all(|b| b.is_ascii_digit())) => Vec::new(),
        Some(_) => fields.list("gateway").unwrap_or_default(),
        None => Vec::new(),
    };
    if sent.len() > MAX {
        fields.error(format!("Gateway is too long (maximum is {MAX} gateways)"));
        return None;
    }
    if sent.is_empty() {
        fields.required_text("gateway", 64);
        return None;
    }
    let (several, mut gateways) = (sent.len() > 1, Vec::new());
    let before = fields.errors.len();
    for item in sent {
        let mut field = Fields::of(Map::from_iter([("gateway".to_owned(), item)]));
        let name = field.required_text("gateway", 64);
        fields.errors.append(&mut field.errors);
        let Some(name) = name else { continue };
        match Gateway::parse(&name) {
            Some(gateway) if gateways.contains(&gateway) => {
                fields.error(format!("Gateway {} is named twice", gateway.name()));
            }
            Some(gateway) => gateways.push(gateway),
            None if several => fields.error(format!("Gateway {} is not included in the list", quoted(&name))),
            None => fields.error("Gateway is not included in the list"),
        }
    }
    if fields.errors.len() > before { None } else { Choice::new(gateways) }
}

fn ip_address(fields: &mut Fields) -> Option<String> {
    let text = fields.text("ip_address", 1_000)?;
    // What proxies write into X-Forwarded-For: the buyer first, then each proxy; some add a port.
    let first = text.split(',').next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("unknown") {
        return None;
    }
    let address = first.parse::<IpAddr>().or_else(|_| first.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    match address {
        Ok(ip) => Some(ip.to_canonical().to_string()),
        Err(_) => {
            fields.error("Ip address is not a valid IP address");
            None
        }
    }
}

/// What the seller wants back with the order: an object as it is, anything else as its first input.
fn custom(fields: &mut Fields) -> Option<String> {
    const MAX: usize = 4_096;
    let value = match fields.value("custom")? {
        Value::Object(object) if object.is_empty() => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::Array(items) => {
            Value::Object(items.iter().enumerate().map(|(n, item)| (n.to_string(), item.clone())).collect())
        }
        object @ Value::Object(_) => object.clone(),
        other => Value::Object(Map::from_iter([("0".to_owned(), other.clone())])),
    };
    let text = json::to_text(&canonical(value));
    if text.len() > MAX {
        fields.error(format!("{} is too long (maximum is {MAX} bytes)", label("custom")));
        return None;
    }
    Some(text)
}

/// As JavaScript would write it again: receivers that re-serialise a webhook's body must get the bytes that were signed.
/// Numbers lose their spelling, and those that a float can't hold become texts; names that are numbers come first.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            let (minus, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
            match Decimal::parse(digits).map(|number| number.to_text()) {
                Ok(plain) if plain == "0" => 0.into(),
                Ok(plain) if plain.len() <= 15 && !plain.starts_with("0.00000") => {
                    format!("{minus}{plain}").parse().map_or(Value::String(text), Value::Number)
                }
                _ => Value::String(text),
            }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Object(fields) => {
            let index = |name: &str| name.parse::<u32>().ok().filter(|n| n.to_string() == name);
            // Put in their places one by one: the library's sort would weigh 5 kB in the module, and these are few.
            let (mut numbered, mut named) = (Vec::<(String, Value)>::new(), Vec::new());
            for (name, value) in fields {
                let value = canonical(value);
                match index(&name) {
                    Some(n) => {
                        let place = numbered.iter().position(|(known, _)| index(known) > Some(n));
                        numbered.insert(place.unwrap_or(numbered.len()), (name, value));
                    }
                    None => named.push((name, value)),
                }
            }
            numbered.extend(named);
            Value::Object(numbered.into_iter().collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{ValueExt, parse};

    #[test]
    fn custom_inputs_are_kept_as_javascript_writes_them() {
        let kept = |text: &str| super::canonical(parse(text).unwrap()).to_text();
        assert_eq!(
            kept(r#"{"b":1.50,"10":1e3,"2":-0,"a":[-1.0,"1.0"]}"#),
            r#"{"2":0,"10":1000,"b":1.5,"a":[-1,"1.0"]}"#
        );
        assert_eq!(
            kept(r#"{"a":12345678901234567890,"b":1e400,"c":0.0000001}"#),
            r#"{"a":"12345678901234567890","b":"1e400","c":"0.0000001"}"#
        );
    }
}
