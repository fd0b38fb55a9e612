//! `/pay`: payment links, and orders without a page (white-label).

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::{ApiResult, Call, order::white_label};
use crate::{
    api::{
        failure::{Failure, label},
        fields::Fields,
    },
    http::Response,
    json::{self, Map, Value},
    shop::{
        gateway::{Gateway, GatewayContext},
        id,
        money::{Amount, Decimal},
        order::{self, Buyer, Draft, Order},
        payment::{self, Made},
    },
};

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "payment")?;
    let insecure = call.app.platform.settings.allow_insecure_urls;
    of_a_product(&mut fields);
    let title = fields.title("title", 255);
    let email = fields.email("email");
    let currency = fields.currency("currency");
    let price = fields.price("value", currency);
    let gateway = gateway(&mut fields);
    if let (Some(price), Some(gateway)) = (price, gateway) {
        taken(&mut fields, price, gateway);
    }
    let name = if fields.has("confirmations") { "confirmations" } else { "crypto_confirmations" };
    let confirmations = fields.int(name, 0, 6).and_then(|n| u32::try_from(n).ok());
    let white_label = fields.flag("white_label").unwrap_or(false);
    let ip_address = ip_address(&mut fields);
    let before = fields.errors.len();
    let return_url = fields.url("return_url", insecure);
    if return_url.is_none() && !white_label && fields.errors.len() == before {
        fields.error("Return url can't be blank");
    }
    let webhook_url = fields.hook_url("webhook_url", &call.app.platform.settings);
    let custom = custom(&mut fields);
    let quantity = fields.int("quantity", 1, 1_000_000).unwrap_or(1);
    fields.finish()?;
    let (Some(title), Some(price), Some(gateway)) = (title, price, gateway) else {
        return Err(Failure::invalid("Gateway is not configured"));
    };
    let quantity = u32::try_from(quantity).unwrap_or(1);
    let origin = call.app.platform.settings.public_url.as_deref().unwrap_or(&call.request.origin);
    if white_label {
        let draft = Draft {
            id: id::uuid(call.app.random()),
            payment_id: None,
            product_id: "pay".into(),
            product_title: title,
            price,
            quantity,
            gateway,
            confirmations,
            buyer: Buyer { email, ip_address, ..Buyer::default() },
            custom,
            return_url,
            webhook_url,
            origin: origin.to_owned(),
            page: None,
            attempt: 0,
        };
        let placed = order::open::place(call.app, call.account, draft, call.begin()).await?;
        return call.commit(201, placed, |order| white_label_object(call, order)).await;
    }
    let request = payment::Request {
        title,
        email,
        price,
        quantity,
        gateway,
        confirmations,
        return_url: return_url.unwrap_or_default(),
        webhook_url,
        custom,
    };
    let object = |made: &Made| {
        let url = format!("{origin}/pay/{}/{}", made.id, made.token);
        json::to_text(&Link { url })
    };
    call.commit(201, payment::create(call.app, call.account, request).await?, object).await
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    payment::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "PaymentLink"))]
pub(super) struct Link {
    /// The page to send the buyer to. The buyer can start to pay there for 30 days. An order that
    /// was started goes on, and its page stays.
    url: String,
}

/// Whoever takes the first that fits must not find the link in an order, which has a `url` too.
#[cfg(not(target_arch = "wasm32"))]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "it is described, and never made")]
pub(super) enum Answers {
    Order(Box<super::order::WhiteLabel<'static>>),
    Link(Link),
}

fn white_label_object(call: &Call<'_>, order: &Order) -> String {
    let context = GatewayContext { app: call.app, account: call.account };
    white_label(order, &order.gateway.of(call.account).url(context, order.target()))
}

/// Some programs send the id of a product and trust the server with the rest: they are told what to send.
fn of_a_product(fields: &mut Fields) {
    if !fields.carries("product_id") {
        return;
    }
    let needed = ["title", "currency", "value", "gateway", "return_url"];
    let optional = |name: &str| name == "return_url" && fields.carries("white_label");
    let missing: Vec<&str> = needed.into_iter().filter(|name| !fields.carries(name) && !optional(name)).collect();
    if let Some((last, rest)) = missing.split_last() {
        let list = if rest.is_empty() { (*last).to_owned() } else { format!("{} and {last}", rest.join(", ")) };
        fields.error(format!("Product id is not enough to pay by: send {list} as well"));
    }
}

fn gateway(fields: &mut Fields) -> Option<Gateway> {
    let name = fields.required_text("gateway", 64)?;
    let gateway = Gateway::parse(&name);
    if gateway.is_none() {
        fields.error("Gateway is not included in the list");
    }
    gateway
}

/// Gateways take some currencies only, and of some of them no fractions.
fn taken(fields: &mut Fields, price: Amount, gateway: Gateway) {
    let (code, name) = (price.currency().code(), gateway.name());
    match gateway.decimals(price.currency()) {
        None => fields.error(format!("Currency {code} is not taken by {name}")),
        Some(decimals) if price.text(decimals).is_none() => {
            fields.error(format!("Value has fractions of {code} that {name} does not take"));
        }
        Some(_) => {
            if let Some(min) = gateway.min_price(price.currency()).filter(|min| price.minor() < min.minor()) {
                fields.error(format!("Value is too small for {name} (minimum is {})", min.display()));
            }
        }
    }
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
