//! `/account`: the settings that the reference keeps on its settings page.

use serde::Serialize;

use super::{
    ApiResult, Call, appearance,
    gateway::{self, masked},
    payments, risk_weights, upload,
    wire::Time,
};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{self, Raw},
    shop::{
        account::{self, secret::Rotated},
        seller::{self, Change, Profile, logo},
        upload::Place,
    },
};

pub async fn get(call: &Call<'_>) -> ApiResult {
    let profile = seller::profile(call.app, call.account).await?;
    Ok(Response::json(200, object(call, &profile)))
}

pub async fn update(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "account")?;
    let mut change = Change::default();
    if fields.has("shop_name") {
        change.shop_name = fields.title("shop_name", 100);
    }
    if fields.has("contact_email") {
        change.contact_email = Some(fields.email("contact_email"));
    }
    if fields.has("contact_url") {
        change.contact_url = Some(fields.url("contact_url", call.app.platform.settings.allow_insecure_urls));
    }
    appearance::read(&mut fields, &mut change, call.app.platform.settings.allow_insecure_urls);
    gateway::read(call, &mut fields, &mut change);
    payments::read(&mut fields, &mut change);
    risk_weights::read(&mut fields, &mut change);
    fields.finish()?;
    let profile = seller::update(call.app, call.account, change).await?;
    Ok(Response::json(200, object(call, &profile)))
}

pub async fn put_logo(call: &Call<'_>) -> ApiResult {
    logo::begin(call.app, call.account).await?;
    upload::put(call, LOGO).await?;
    get(call).await
}

pub async fn destroy_logo(call: &Call<'_>) -> ApiResult {
    upload::destroy(call, LOGO).await
}

const LOGO: (&str, &str, Place) = (logo::TABLE, logo::ID, Place::Image);

/// The key is in this answer and nowhere else.
pub async fn regenerate_key(call: &Call<'_>) -> ApiResult {
    let object = |api_key: &String| json::to_text(&ApiKey { api_key });
    let answer = call.commit(201, seller::replace_key(call.app, call.account, true).await?, object).await?;
    Ok(answer.with("cache-control", "no-store"))
}

/// `{}` → 201 with the new secret, which is in this answer and nowhere else, and until when the old one signs beside it.
pub async fn rotate_secret(call: &Call<'_>) -> ApiResult {
    let object = |rotated: &Rotated| {
        let old_webhook_secret_valid_until = Time::at(rotated.old_valid_until);
        json::to_text(&WebhookSecret { webhook_secret: &rotated.secret, old_webhook_secret_valid_until })
    };
    let answer = call.commit(201, account::secret::rotate(call.app, call.account)?, object).await?;
    Ok(answer.with("cache-control", "no-store"))
}

fn object(call: &Call<'_>, profile: &Profile) -> String {
    let moment = |at: Option<i64>| at.map(Time::at);
    let body = Body {
        email: &profile.email,
        shop_name: &profile.shop_name,
        contact_email: profile.contact.email.as_deref(),
        contact_url: profile.contact.url.as_deref(),
        test: profile.test,
        webhook_secret: masked(&profile.webhook_secrets.newest, 6),
        webhook_secret_rotated_at: moment(profile.webhook_secret_rotated_at),
        old_webhook_secret_valid_until: moment(profile.webhook_secrets.valid_until),
        gateways: Raw(&gateway::object(call, profile)),
        takes_payments: Raw(&gateway::takes_payments()),
        payments: Raw(&payments::object(&profile.policy)),
        risk_weights: Raw(&risk_weights::object(profile.risk_weights)),
        shop: Raw(&appearance::object(profile, call.origin())),
        created_at: Time::at(profile.created_at),
        updated_at: Time::at(profile.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Account"))]
pub(super) struct Body<'a> {
    /// Your user name.
    email: &'a str,
    /// What buyers see on the payment page.
    shop_name: &'a str,
    /// Where buyers can write to you. Payment pages show it, with the order's `id` as the subject;
    /// your user name is never shown.
    contact_email: Option<&'a str>,
    /// A page where buyers reach you. Payment pages lead there, with `order_id` (or `payment_id`,
    /// when there is no order) in its query.
    contact_url: Option<&'a str>,
    /// Whether payments are simulated.
    test: bool,
    /// The key of webhook signatures, masked.
    webhook_secret: String,
    /// When it was last replaced.
    webhook_secret_rotated_at: Option<Time>,
    /// Until when the replaced secret signs beside the new one.
    old_webhook_secret_valid_until: Option<Time>,
    /// The settings of each gateway that is configured, under its name.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "super::openapi::ShownGateways"))]
    gateways: Raw<'a>,
    /// For each gateway whether this version takes payments through it, once it is set up. Settings
    /// of the others are only kept.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "super::openapi::TakesPayments"))]
    takes_payments: Raw<'a>,
    /// How exact a payment in coins has to be. What is left out stays; `null` makes a number, or
    /// all of them, what they are in a new account. An order keeps those it was made with.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "payments::Body"))]
    payments: Raw<'a>,
    /// How much each signal adds to the risk of an order, 0 to 100. What is left out stays; `null`
    /// makes a weight, or all of them, what they are in a new account.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "super::risk_weights::Body"))]
    risk_weights: Raw<'a>,
    /// What buyers see of your shop. What is left out stays.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "appearance::Body"))]
    shop: Raw<'a>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct ApiKey<'a> {
    /// The new key. It is shown this once.
    api_key: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct WebhookSecret<'a> {
    /// The new key of webhook signatures. It is shown this once.
    webhook_secret: &'a str,
    /// Until when the replaced secret signs beside the new one.
    old_webhook_secret_valid_until: Time,
}
