//! `gateways` in `/account`: what the seller's wallets and his accounts elsewhere are. What is secret is masked.

use super::Call;
use crate::{
    api::fields::{Fields, label},
    json::{Json, Value},
    shop::{
        account::{Change, Profile},
        gateway::{
            Gateway,
            hd::{ExtendedKey, KeyError},
            settings::{Bad, Setting},
            wallet::{self, WalletChange},
        },
    },
};

/// Gateways of the contract that no payment goes through in this version.
pub const OTHERS: [&str; 4] = ["paypal", "litecoin", "ethereum", "stripe"];

/// `{"bitcoin": {…}, "paypal": {…}}`: those that are set up.
pub fn object(profile: &Profile) -> String {
    Json::object(|json| {
        for wallet in &profile.wallets {
            let settings = Json::object(|json| {
                json.text("xpub", &masked(&wallet.xpub, 8));
                json.int("confirmations", wallet.confirmations);
                json.texts("addresses", wallet.addresses.iter().map(String::as_str));
            });
            json.raw(wallet.gateway.snake(), &settings);
        }
        for gateway in ["paypal", "stripe"] {
            if profile.settings.iter().any(|set| set.setting.path().0 == gateway) {
                let settings = Json::object(|json| {
                    for setting in settings_of(gateway) {
                        let value = profile.settings.iter().find(|set| set.setting == setting).map(|set| &set.value);
                        let shown = value.map(|value| shown(setting, value));
                        json.maybe(setting.path().1, shown.as_deref());
                    }
                });
                json.raw(gateway, &settings);
            }
        }
    })
}

/// For each gateway of the contract whether this version takes payments through it, once it is set up.
pub fn takes_payments() -> String {
    Json::object(|json| {
        for gateway in Gateway::ALL {
            json.flag(gateway.snake(), true);
        }
        for other in OTHERS {
            json.flag(other, false);
        }
    })
}

fn settings_of(gateway: &str) -> impl Iterator<Item = Setting> {
    Setting::ALL.into_iter().filter(move |setting| setting.path().0 == gateway)
}

fn shown(setting: Setting, value: &str) -> String {
    match setting {
        Setting::PayPalClientSecret => masked(value, 0),
        // The prefix tells live from test.
        Setting::StripeSecretKey => masked(value, 8),
        Setting::StripeWebhookSecret => masked(value, 6),
        _ => value.to_owned(),
    }
}

/// `zpub6rFR…utGZYs`: enough to recognise it by, not enough to use it.
pub fn masked(secret: &str, shown: usize) -> String {
    let head: String = secret.chars().take(shown).collect();
    let tail: String = secret.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{head}…{tail}")
}

/// `{"bitcoin": {"xpub", "confirmations"}, "paypal": {…}, "stripe": {…}}`. What is absent is left as it is, null takes it away.
pub fn read(call: &Call<'_>, fields: &mut Fields, change: &mut Change) {
    let gateways = match fields.value("gateways") {
        None => return,
        Some(Value::Object(gateways)) => gateways.clone(),
        Some(_) => return fields.error("Gateways must be an object"),
    };
    for (name, settings) in gateways {
        let mut inner = match (name.as_str(), settings) {
            ("bitcoin", Value::Null) => {
                change.bitcoin = Some(None);
                continue;
            }
            ("paypal" | "stripe", Value::Null) => {
                change.settings.extend(settings_of(&name).map(|setting| (setting, None)));
                continue;
            }
            // There is nothing to take away.
            ("litecoin" | "ethereum", Value::Null) => continue,
            // A key that nobody could check would be money sent to nobody.
            ("litecoin" | "ethereum", _) => {
                fields.error(format!("Gateways {name} is not supported by this version"));
                continue;
            }
            ("bitcoin" | "paypal" | "stripe", Value::Object(settings)) => Fields::of(settings),
            ("bitcoin" | "paypal" | "stripe", _) => {
                fields.error(format!("Gateways {name} must be an object"));
                continue;
            }
            _ => {
                fields.error(format!("Gateways {name} is not supported"));
                continue;
            }
        };
        match name.as_str() {
            "bitcoin" => change.bitcoin = bitcoin(call, &mut inner).map(Some),
            _ => {
                for setting in settings_of(&name) {
                    change.settings.extend(setting_of(call, &mut inner, setting));
                }
            }
        }
        for mut error in inner.errors {
            if let Some(first) = error.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            fields.error(format!("Gateways {name} {error}"));
        }
    }
}

/// `None`: left as it is.
fn setting_of(call: &Call<'_>, fields: &mut Fields, setting: Setting) -> Option<(Setting, Option<String>)> {
    let (_, name) = setting.path();
    if !fields.has(name) {
        return None;
    }
    let before = fields.errors.len();
    let text = fields.text(name, 255);
    if fields.errors.len() > before {
        return None;
    }
    let network = wallet::network(call.shop, call.account);
    // Never repeats what was sent.
    let problem = match text.as_deref().map(|text| setting.check(text, network)) {
        None | Some(Ok(())) => return Some((setting, text)),
        Some(Err(Bad::TestMode)) => "belongs to Stripe's test mode, and this shop takes real money",
        Some(Err(Bad::Format)) => match setting {
            Setting::PayPalEmail => "is not a valid email address",
            Setting::PayPalClientId => "is not a client ID of a PayPal REST app",
            Setting::PayPalClientSecret => "is not a secret of a PayPal REST app",
            Setting::StripeSecretKey => "is not a Stripe key that begins with sk_live_, sk_test_, rk_live_ or rk_test_",
            Setting::StripeWebhookSecret => "is not a Stripe signing secret that begins with whsec_",
        },
    };
    fields.error(format!("{} {problem}", label(name)));
    None
}

fn bitcoin(call: &Call<'_>, fields: &mut Fields) -> Option<WalletChange> {
    let text = fields.required_text("xpub", 200);
    let confirmations = fields.int("confirmations", 0, 6).and_then(|n| u32::try_from(n).ok());
    let key = text.as_deref().and_then(|text| match parse(call, text) {
        Ok(key) => Some(key),
        Err(problem) => {
            fields.error(format!("Xpub {problem}"));
            None
        }
    });
    Some(WalletChange { text: text?, key: key?, confirmations })
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
