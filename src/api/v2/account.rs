//! `/account`: the settings that the reference keeps on its settings page.

use super::{Answer, Call};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{Json, Value},
    shop::{
        account::{self, Change, Profile, secret::Rotated},
        gateway::{
            hd::{ExtendedKey, KeyError},
            wallet::{self, WalletChange},
        },
        time,
    },
};

pub async fn get(call: &Call<'_>) -> Answer {
    let profile = account::profile(call.shop, call.account).await?;
    Ok(Response::json(200, object(&profile)))
}

pub async fn update(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "account")?;
    let mut change = Change::default();
    if fields.has("shop_name") {
        change.shop_name = fields.required_text("shop_name", 100);
    }
    change.bitcoin = bitcoin(call, &mut fields);
    fields.finish()?;
    let profile = account::update(call.shop, call.account, change).await?;
    Ok(Response::json(200, object(&profile)))
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

fn object(profile: &Profile) -> String {
    Json::object(|json| {
        json.text("email", &profile.email);
        json.text("shop_name", &profile.shop_name);
        json.flag("test", profile.test);
        let moment = |at: Option<i64>| at.map(time::wire);
        json.text("webhook_secret", &masked(&profile.webhook_secrets.newest, 6));
        json.maybe("webhook_secret_rotated_at", moment(profile.webhook_secret_rotated_at).as_deref());
        json.maybe("old_webhook_secret_valid_until", moment(profile.webhook_secrets.valid_until).as_deref());
        let gateways = Json::object(|json| {
            for wallet in &profile.wallets {
                let settings = Json::object(|json| {
                    json.text("xpub", &masked(&wallet.xpub, 8));
                    json.int("confirmations", wallet.confirmations);
                    json.texts("addresses", wallet.addresses.iter().map(String::as_str));
                });
                json.raw(wallet.gateway.snake(), &settings);
            }
        });
        json.raw("gateways", &gateways);
        json.text("created_at", &time::wire(profile.created_at));
        json.text("updated_at", &time::wire(profile.updated_at));
    })
}

/// `zpub6rFR…utGZYs`: enough to recognise it by, not enough to use it.
fn masked(secret: &str, shown: usize) -> String {
    let head: String = secret.chars().take(shown).collect();
    let tail: String = secret.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{head}…{tail}")
}

/// `gateways.bitcoin`: `{"xpub", "confirmations"}`, or null to take it away. Absent: left as it is.
fn bitcoin(call: &Call<'_>, fields: &mut Fields) -> Option<Option<WalletChange>> {
    let gateways = match fields.value("gateways")? {
        Value::Object(gateways) => gateways.clone(),
        _ => {
            fields.error("Gateways must be an object");
            return None;
        }
    };
    for (name, _) in gateways.iter().filter(|(name, _)| name != "bitcoin") {
        fields.error(format!("Gateways {name} is not supported"));
    }
    let (_, settings) = gateways.into_iter().find(|(name, _)| name == "bitcoin")?;
    let settings = match settings {
        Value::Null => return Some(None),
        Value::Object(settings) => settings,
        _ => {
            fields.error("Gateways bitcoin must be an object");
            return None;
        }
    };
    let mut inner = Fields::of(settings);
    let text = inner.required_text("xpub", 200);
    let confirmations = inner.int("confirmations", 0, 6).and_then(|n| u32::try_from(n).ok());
    let key = text.as_deref().and_then(|text| match parse(call, text) {
        Ok(key) => Some(key),
        Err(problem) => {
            inner.error(format!("Xpub {problem}"));
            None
        }
    });
    for error in inner.errors {
        let mut error = error;
        if let Some(first) = error.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        fields.error(format!("Gateways bitcoin {error}"));
    }
    Some(Some(WalletChange { text: text?, key: key?, confirmations }))
}

/// Never repeats what was sent: it may be a private key.
fn parse(call: &Call<'_>, text: &str) -> Result<ExtendedKey, &'static str> {
    let network = wallet::network(call.shop, call.account);
    ExtendedKey::parse(text).and_then(|key| key.fits(network).map(|()| key)).map_err(|error| match error {
        KeyError::Private => {
            "is a private key. It was not stored. Whoever sees it can spend your coins: move them to a new wallet, and give the extended public key of that one"
        }
        KeyError::Checksum => "has a typing error (its checksum does not match)",
        KeyError::UnknownVersion => "is not an extended public key for single-signature Bitcoin (xpub, ypub or zpub)",
        KeyError::WrongNetwork => "belongs to a test network, and this shop takes real coins",
        KeyError::Malformed | KeyError::Hardened | KeyError::NoSuchChild => "is not a valid extended public key",
    })
}
