//! `/account`: the settings that the reference keeps on its settings page.

use serde::Serialize;

use super::{
    Answer, Call,
    gateway::{self, masked},
    payments,
};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{self, Pairs, Raw},
    shop::{
        account::{self, secret::Rotated},
        seller::{self, Change, Profile},
        time,
    },
};

pub async fn get(call: &Call<'_>) -> Answer {
    let profile = seller::profile(call.shop, call.account).await?;
    Ok(Response::json(200, object(call, &profile)))
}

pub async fn update(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "account")?;
    let mut change = Change::default();
    if fields.has("shop_name") {
        change.shop_name = fields.title("shop_name", 100);
    }
    if fields.has("contact_email") {
        change.contact_email = Some(fields.email("contact_email"));
    }
    if fields.has("contact_url") {
        change.contact_url = Some(fields.url("contact_url", call.shop.platform.settings.allow_insecure_urls));
    }
    gateway::read(call, &mut fields, &mut change);
    payments::read(&mut fields, &mut change);
    fields.finish()?;
    let profile = seller::update(call.shop, call.account, change).await?;
    Ok(Response::json(200, object(call, &profile)))
}

/// The key is in this answer and nowhere else.
pub async fn regenerate_key(call: &Call<'_>) -> Answer {
    let object = |api_key: &String| json::noted(&Pairs(&[("api_key", api_key)]), &[]);
    let keep = |api_key: &String| call.keep(201, &object(api_key));
    let api_key = account::regenerate_key(call.shop, call.account, &keep).await?;
    Ok(Response::json(201, object(&api_key)).with("cache-control", "no-store"))
}

/// `{}` → 201 with the new secret, which is in this answer and nowhere else, and until when the old one signs beside it.
pub async fn rotate_secret(call: &Call<'_>) -> Answer {
    let object = |rotated: &Rotated| {
        let until = time::wire(rotated.old_valid_until);
        json::noted(&Pairs(&[("webhook_secret", &rotated.secret), ("old_webhook_secret_valid_until", &until)]), &[])
    };
    let keep = |rotated: &Rotated| call.keep(201, &object(rotated));
    let rotated = account::secret::rotate(call.shop, call.account, &keep).await?;
    Ok(Response::json(201, object(&rotated)).with("cache-control", "no-store"))
}

fn object(call: &Call<'_>, profile: &Profile) -> String {
    let moment = |at: Option<i64>| at.map(time::wire);
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
        created_at: time::wire(profile.created_at),
        updated_at: time::wire(profile.updated_at),
    };
    json::noted(&body, &[])
}

#[derive(Serialize)]
struct Body<'a> {
    email: &'a str,
    shop_name: &'a str,
    contact_email: Option<&'a str>,
    contact_url: Option<&'a str>,
    test: bool,
    webhook_secret: String,
    webhook_secret_rotated_at: Option<String>,
    old_webhook_secret_valid_until: Option<String>,
    gateways: Raw<'a>,
    takes_payments: Raw<'a>,
    payments: Raw<'a>,
    created_at: String,
    updated_at: String,
}
