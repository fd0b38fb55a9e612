//! `/pay`: payments that a buyer makes on a page of ours, through any gateway that the seller has set up.

use serde::Serialize;

use super::{ApiResult, Call, Failure, wire::values};
use crate::{
    api::{fields::Fields, price::not_taken},
    http::Response,
    json,
    shop::{
        Error, Refusal, account,
        error::{GatewayRefusal, PaymentRefusal},
        payment::{self, Choice, Made},
        webhook::Dialect,
    },
};

/// `{title, value, webhook_url?, email?}` → where the buyer pays.
pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "payment")?;
    let currency = account::shop(call.app, call.account).await?.currency;
    let title = fields.title("title", 255);
    let price = fields.price("value", Some(currency));
    let webhook_url = fields.hook_url("webhook_url", &call.app.platform.settings);
    let email = fields.email("email");
    fields.finish()?;
    let (Some(title), Some(price)) = (title, price) else { return Err(Failure::invalid("Value is invalid")) };
    let ways = payment::ways(call.app, call.account, price).await?;
    // Only where none of them takes it is any among them that doesn't.
    let problems: Vec<_> = ways.iter().filter_map(|gateway| not_taken(price, *gateway)).collect();
    if !problems.is_empty() {
        return Err(Failure::validation(problems));
    }
    let choice = Choice::new(ways).ok_or(GatewayRefusal::NotConfigured).map_err(Error::from)?;
    let request = payment::Request {
        product: None,
        title,
        email,
        price,
        quantity: 1,
        choice,
        confirmations: None,
        // The buyer stays on the page: this window knows no other place.
        return_url: String::new(),
        webhook_url,
        webhook_dialect: Dialect::Shoppy,
        custom: None,
    };
    let object = |made: &Made| {
        let url = format!("{}/pay/{}.{}", call.origin(), made.id, made.token);
        json::to_text(&Link { status: Done(true), url })
    };
    call.commit(payment::create(call.app, call.account, request).await?, object).await
}

/// `name`: the last part of the URL that was handed out, or the payment's id, which it begins with.
pub async fn destroy(call: &Call<'_>, name: &str) -> ApiResult {
    let id = name.split_once('.').map_or(name, |(id, _)| id);
    match payment::destroy(call.app, call.account, id).await {
        Err(Error::Refused(Refusal::Payment(PaymentRefusal::HasPayments))) => {
            Err(Failure::invalid("Payment has an order with money in it, which can't be deleted"))
        }
        done => {
            done?;
            Ok(Response::json(200, json::to_text(&Deleted { status: Done(true) })))
        }
    }
}

values! {
    /// It was done.
    Done(bool) = {"type": "boolean", "enum": [true]}
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "PaymentLink"))]
pub(super) struct Link {
    /// Always `true`.
    status: Done,
    /// The page to send the buyer to. They can start to pay there for 30 days. Its last part names the payment.
    url: String,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct Deleted {
    /// Always `true`.
    status: Done,
}
