//! The operator's own API: it makes accounts, and seals secrets anew under another key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{failure::Failure, fields::Fields, limit::Meter, once::Once};
use crate::json::Json;
use crate::{
    http::{Method, Request, Response},
    shop::{
        Shop,
        account::{self, Created},
        gateway::{Gateway, wallet},
        vault::rotate,
    },
};

pub async fn answer(shop: &Shop, request: &Request, segments: &[&str], meter: &Meter<'_>) -> Result<Response, Failure> {
    let known = matches!(segments, ["accounts"] | ["vault", "rotate"] | ["wallets", "release"]);
    if !known {
        return Err(Failure::not_found());
    }
    if request.method != Method::Post {
        return Err(Failure::not_allowed("POST"));
    }
    // Only who has no token is counted: guessing it is what must be slow.
    if let Err(failure) = authorize(shop, request) {
        meter.anonymous().await?;
        return Err(failure);
    }
    request.load().await?;
    match segments {
        ["vault", ..] => rotate(shop, request).await,
        ["wallets", ..] => release(shop, request).await,
        _ => {
            let once = Once::read(request, shop.world.databases.directory(), NOBODY)?;
            once.answer(shop, create_account(shop, request, &once)).await
        }
    }
}

fn authorize(shop: &Shop, request: &Request) -> Result<(), Failure> {
    let given = request.header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    // Compared as MACs, so that how long it takes says nothing about how much of it is right.
    let mac = |text: &str| {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"admin").ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    };
    let matches = given.is_some_and(|given| match (mac(given), mac(&shop.world.settings.admin_token)) {
        (Some(given), Some(known)) => given.verify(&known.finalize().into_bytes()).is_ok(),
        _ => false,
    });
    if matches { Ok(()) } else { Err(Failure::unauthenticated("Bearer")) }
}

/// Characters of a wallet's text.
const MAX_WALLET: usize = 2_000;

/// The operator's idempotency keys stand under no account.
const NOBODY: i64 = 0;

async fn create_account(shop: &Shop, request: &Request, once: &Once) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "account")?;
    let email = fields.email("email");
    if email.is_none() && fields.errors.is_empty() {
        fields.error("Email can't be blank");
    }
    let shop_name = fields.title("shop_name", 100);
    let test = fields.flag("test").unwrap_or(false);
    fields.finish()?;
    let (Some(email), Some(shop_name)) = (email, shop_name) else {
        return Err(Failure::not_found());
    };
    let keep = |created: &Created| once.keep(shop, 201, &object(created));
    let created = account::create(shop, &email, &shop_name, test, &keep).await?;
    Ok(Response::json(201, object(&created)).with("cache-control", "no-store"))
}

/// `{"after"}` → `{"resealed", "unopened", "after"}`, to be called with each answer's `after` until that is null.
async fn rotate(shop: &Shop, request: &Request) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "rotation")?;
    let after = fields.text("after", 1_000);
    fields.finish()?;
    let turn = rotate::turn(shop, after.as_deref()).await?;
    let turn = turn.ok_or_else(|| Failure::invalid("After names no row"))?;
    Ok(Response::json(
        200,
        Json::object(|json| {
            json.int("resealed", turn.resealed);
            json.texts("unopened", turn.unopened.iter().map(String::as_str));
            json.maybe("after", turn.after.as_deref());
        }),
    ))
}

/// `{"gateway", "wallet"}` → `{"email"}` of the account that had the wallet until now. An address or an extended public key.
async fn release(shop: &Shop, request: &Request) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "wallet")?;
    let gateway = fields.required_text("gateway", 64).and_then(|name| {
        let gateway = Gateway::parse(&name).filter(|gateway| gateway.coin().is_some());
        if gateway.is_none() {
            fields.error("Gateway is not bitcoin, litecoin or ethereum");
        }
        gateway
    });
    let wallet = fields.required_text("wallet", MAX_WALLET);
    fields.finish()?;
    let (Some(gateway), Some(wallet)) = (gateway, wallet) else {
        return Err(Failure::not_found());
    };
    match wallet::release(shop, gateway, &wallet).await? {
        Ok(Some(email)) => Ok(Response::json(200, Json::object(|json| json.text("email", &email)))),
        Ok(None) => Err(Failure::not_found()),
        Err(_) => Err(Failure::invalid("Wallet is neither an address nor an extended public key of this gateway")),
    }
}

fn object(created: &Created) -> String {
    Json::object(|json| {
        json.text("email", &created.email);
        json.text("api_key", &created.api_key);
        json.text("webhook_secret", &created.webhook_secret);
    })
}
