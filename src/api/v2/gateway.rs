//! `gateways` in `/account`: what the seller's wallets and accounts elsewhere are. What is secret
//! is masked.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Call;
use crate::{
    api::{
        failure::label,
        fields::{Fields, bad_email},
    },
    json::{self, Pairs, Value},
    platform::Network,
    shop::{
        gateway::{
            Gateway, GatewayContext,
            hd::KeyError,
            settings::{Bad, Money, Setting},
            wallet::{Source, WalletChange},
        },
        seller::{Change, Profile},
        text::{
            clean,
            email::{self, BadEmail},
        },
    },
};

/// `{"bitcoin": {…}, "paypal": {…}}`: those that are set up.
pub fn object(call: &Call<'_>, profile: &Profile) -> String {
    let mut all = Vec::new();
    for wallet in &profile.wallets {
        let takes_address = wallet.gateway.takes_address();
        let settings = Settings::Coin {
            xpub: (!wallet.single).then(|| masked(&wallet.text, 8)),
            address: takes_address.then(|| wallet.single.then_some(wallet.text.as_str())),
            confirmations: wallet.confirmations,
            addresses: &wallet.addresses,
        };
        all.push((wallet.gateway.slug(), settings));
    }
    for gateway in pages() {
        if profile.settings.iter().any(|set| set.setting.path().0 == gateway) {
            let value = |setting| profile.settings.iter().find(|set| set.setting == setting).map(|set| &set.value);
            let field = |setting: Setting| (setting.path().1, value(setting).map(|value| shown(setting, value)));
            let origin = call.app.platform.settings.public_url.as_deref().unwrap_or(&call.request.origin);
            let notify_url = format!("{origin}/gateways/{gateway}/{}", call.account.id);
            all.push((gateway, Settings::Page { set: settings_of(gateway).map(field).collect(), notify_url }));
        }
    }
    json::to_text(&Pairs(&all))
}

enum Settings<'a> {
    Coin {
        xpub: Option<String>,
        /// Of a gateway that takes one.
        address: Option<Option<&'a str>>,
        confirmations: u32,
        addresses: &'a [String],
    },
    Page {
        set: Vec<(&'static str, Option<String>)>,
        notify_url: String,
    },
}

impl Serialize for Settings<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_map(None)?;
        match self {
            Settings::Coin { xpub, address, confirmations, addresses } => {
                fields.serialize_entry("xpub", xpub)?;
                if let Some(address) = address {
                    fields.serialize_entry("address", address)?;
                }
                fields.serialize_entry("confirmations", confirmations)?;
                fields.serialize_entry("addresses", addresses)?;
            }
            Settings::Page { set, notify_url } => {
                for (name, shown) in set {
                    fields.serialize_entry(name, shown)?;
                }
                fields.serialize_entry("notify_url", notify_url)?;
            }
        }
        fields.end()
    }
}

/// Gateways that are reached by settings instead of a wallet.
fn pages() -> impl Iterator<Item = &'static str> {
    Gateway::ALL.into_iter().filter(|gateway| gateway.coin().is_none()).map(Gateway::slug)
}

/// For each gateway of the contract whether this version takes payments through it, once it is set up.
pub fn takes_payments() -> String {
    json::to_text(&Pairs(&Gateway::ALL.map(|gateway| (gateway.slug(), true))))
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

/// `{"bitcoin": {"xpub", "confirmations"}, "paypal": {…}, …}`. What is absent is left as it is, null takes it away.
pub fn read(call: &Call<'_>, fields: &mut Fields, change: &mut Change) {
    let gateways = match fields.value("gateways") {
        None => return,
        Some(Value::Object(gateways)) => gateways.clone(),
        Some(_) => return fields.error("Gateways must be an object"),
    };
    for (name, settings) in gateways {
        let Some(gateway) = Gateway::ALL.into_iter().find(|gateway| gateway.slug() == name) else {
            fields.error(format!("Gateways {name} is not supported"));
            continue;
        };
        #[cfg(not(target_arch = "wasm32"))]
        crate::asked::note(&name);
        let is_coin = gateway.coin().is_some();
        let mut inner = match settings {
            Value::Null if is_coin => {
                change.wallets.push((gateway, None));
                continue;
            }
            Value::Null => {
                change.settings.extend(settings_of(&name).map(|setting| (setting, None)));
                continue;
            }
            Value::Object(settings) => Fields::of(settings),
            _ => {
                fields.error(format!("Gateways {name} must be an object"));
                continue;
            }
        };
        if is_coin {
            change.wallets.extend(wallet(call, &mut inner, gateway).map(|wallet| (gateway, Some(wallet))));
        } else {
            for setting in settings_of(&name) {
                change.settings.extend(setting_of(call, &mut inner, setting));
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
    let text = fields.text(name, 255).map(|text| clean(&text).to_owned());
    if fields.errors.len() > before {
        return None;
    }
    let chain = call.app.platform.settings.bitcoin.network;
    let money = Money { test: call.account.test, real: !call.account.test && chain == Network::Mainnet };
    // Never repeats what was sent.
    if setting == Setting::PayPalEmail
        && let Some(Err(bad @ BadEmail::Invisible(_))) = text.as_deref().map(email::parse)
    {
        fields.error(format!("{} {}", label(name), bad_email(bad)));
        return None;
    }
    let problem = match text.as_deref().map(|text| setting.check(text, money)) {
        None | Some(Ok(())) => return Some((setting, text)),
        Some(Err(Bad::TestMode)) => "belongs to Stripe's test mode, and this shop takes real money",
        Some(Err(Bad::LiveMode)) => "belongs to Stripe's live mode, and this account moves no money",
        Some(Err(Bad::Format)) => match setting {
            Setting::PayPalEmail => "is not a valid email address",
            Setting::PayPalClientId => "is not a client ID of a PayPal REST app",
            Setting::PayPalClientSecret => "is not a secret of a PayPal REST app",
            Setting::PayPalWebhookId => "is not an ID of a webhook at PayPal",
            Setting::StripeSecretKey => "is not a Stripe key that begins with sk_live_, sk_test_, rk_live_ or rk_test_",
            Setting::StripeWebhookSecret => "is not a Stripe signing secret that begins with whsec_",
        },
    };
    fields.error(format!("{} {problem}", label(name)));
    None
}

/// Characters of a wallet's text: a descriptor has less than 300, and the words of a seed are to be told as such.
const MAX_WALLET: usize = 2_000;

fn wallet(call: &Call<'_>, fields: &mut Fields, gateway: Gateway) -> Option<WalletChange> {
    let way = gateway.of(call.account);
    let network = way.network(GatewayContext { app: call.app, account: call.account });
    let single = way.takes_address() && fields.has("address");
    let name = if single { "address" } else { "xpub" };
    if single && fields.has("xpub") {
        fields.error("Address and xpub can't be given together");
        return None;
    }
    let text = fields.required_text(name, MAX_WALLET).map(|text| clean(&text).to_owned());
    let confirmations =
        fields.int("confirmations", 0, way.max_confirmations().into()).and_then(|n| u32::try_from(n).ok());
    let source = way.wallet(network, text.as_deref()?).and_then(|source| match source.is_single() == single {
        true => Ok(source),
        false => Err(KeyError::Malformed),
    });
    let source = source.map_err(|error| {
        let problem = match error {
            // Never repeats what was sent: it may be a private key.
            KeyError::Private => "is a private key. It was not stored. Whoever sees it can spend your coins: move them to a new wallet, and give the extended public key of that one".into(),
            KeyError::Checksum => "has a typing error (its checksum does not match)".into(),
            KeyError::UnknownVersion => {
                format!("is not an extended public key for single-signature {} ({})", gateway.name(), way.keys())
            }
            KeyError::Script => format!(
                "is for addresses of another kind: a single key's wpkh or sh(wpkh) is needed ({})",
                way.keys()
            ),
            KeyError::Path => "has a path that is not /0/* or /<0;1>/*".into(),
            KeyError::WrongNetwork => "belongs to a test network, and this shop takes real coins".into(),
            _ if single => format!("is not an {} address (0x and 40 hexadecimal digits)", gateway.name()),
            KeyError::Malformed | KeyError::Hardened | KeyError::NoSuchChild => {
                "is not a valid extended public key".into()
            }
        };
        fields.error(format!("{} {problem}", label(name)));
    });
    let source = source.ok()?;
    let text = match &source {
        // Without the descriptor around it.
        Source::Key(key) => key.text().to_owned(),
        // In the one spelling that has a checksum.
        Source::Single(address) => address.clone(),
    };
    Some(WalletChange { text, source, confirmations })
}
