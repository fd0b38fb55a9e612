//! `/account`: the settings that the reference keeps on its settings page.

use super::{
    Answer, Call,
    gateway::{self, masked},
    payments,
};
use crate::{
    api::fields::Fields,
    http::Response,
    json::Json,
    shop::{
        account::{self, Change, Profile, secret::Rotated},
        time,
    },
};

pub async fn get(call: &Call<'_>) -> Answer {
    let profile = account::profile(call.shop, call.account).await?;
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
        change.contact_url = Some(fields.url("contact_url", call.shop.world.settings.allow_insecure_urls));
    }
    gateway::read(call, &mut fields, &mut change);
    payments::read(&mut fields, &mut change);
    fields.finish()?;
    let profile = account::update(call.shop, call.account, change).await?;
    Ok(Response::json(200, object(call, &profile)))
}

/// The key is in this answer and nowhere else.
pub async fn regenerate_key(call: &Call<'_>) -> Answer {
    let object = |api_key: &String| Json::object(|json| json.text("api_key", api_key));
    let keep = |api_key: &String| call.keep(201, &object(api_key));
    let api_key = account::regenerate_key(call.shop, call.account, &keep).await?;
    Ok(Response::json(201, object(&api_key)).with("cache-control", "no-store"))
}

/// `{}` → 201 with the new secret, which is in this answer and nowhere else, and until when the old one signs beside it.
pub async fn rotate_secret(call: &Call<'_>) -> Answer {
    let object = |rotated: &Rotated| {
        Json::object(|json| {
            json.text("webhook_secret", &rotated.secret);
            json.text("old_webhook_secret_valid_until", &time::wire(rotated.old_valid_until));
        })
    };
    let keep = |rotated: &Rotated| call.keep(201, &object(rotated));
    let rotated = account::secret::rotate(call.shop, call.account, &keep).await?;
    Ok(Response::json(201, object(&rotated)).with("cache-control", "no-store"))
}

fn object(call: &Call<'_>, profile: &Profile) -> String {
    Json::object(|json| {
        json.text("email", &profile.email);
        json.text("shop_name", &profile.shop_name);
        json.maybe("contact_email", profile.contact.email.as_deref());
        json.maybe("contact_url", profile.contact.url.as_deref());
        json.flag("test", profile.test);
        let moment = |at: Option<i64>| at.map(time::wire);
        json.text("webhook_secret", &masked(&profile.webhook_secrets.newest, 6));
        json.maybe("webhook_secret_rotated_at", moment(profile.webhook_secret_rotated_at).as_deref());
        json.maybe("old_webhook_secret_valid_until", moment(profile.webhook_secrets.valid_until).as_deref());
        json.raw("gateways", &gateway::object(call, profile));
        json.raw("takes_payments", &gateway::takes_payments());
        json.raw("payments", &payments::object(&profile.policy));
        json.text("created_at", &time::wire(profile.created_at));
        json.text("updated_at", &time::wire(profile.updated_at));
    })
}
