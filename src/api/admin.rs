//! The operator's own API: it makes accounts, registers applications, seals secrets anew under another key, and feeds lists of
//! networks and domains.

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::{failure::Failure, fields::Fields, idempotency::IdempotentRequest, limit::RateLimiter};
use crate::{
    http::{Method, Request, Response},
    json::{self, Pairs},
    shop::{
        App,
        account::{
            self, Created,
            directory::{self, Listed},
        },
        gateway::{Gateway, wallet},
        seller, time,
        vault::rotate,
    },
};

mod apps;
mod lists;

pub async fn answer(
    app: &App,
    request: &Request,
    segments: &[&str],
    meter: &RateLimiter<'_>,
) -> Result<Response, Failure> {
    let allowed: &[Method] = match segments {
        ["accounts"] => &[Method::Get, Method::Post],
        ["accounts", _] => &[Method::Put],
        ["apps"] => &[Method::Get, Method::Post],
        ["apps", _] => &[Method::Get, Method::Put, Method::Delete],
        ["lists"] => &[Method::Get],
        ["lists", _] => &[Method::Put, Method::Delete],
        ["accounts", _, "api_key"] | ["vault", "rotate"] | ["wallets", "release"] => &[Method::Post],
        _ => return Err(Failure::not_found()),
    };
    if !allowed.contains(&request.method) {
        let names: Vec<&str> = allowed.iter().map(|method| method.names()).collect();
        return Err(Failure::not_allowed(&names.join(", ")));
    }
    // Only who has no token is counted: guessing it is what must be slow.
    if let Err(failure) = authorize(app, request) {
        meter.anonymous().await?;
        return Err(failure);
    }
    request.load().await?;
    match segments {
        ["vault", ..] => rotate(app, request).await,
        ["wallets", ..] => release(app, request).await,
        ["lists"] => lists::list(app).await,
        ["lists", name] if request.method == Method::Put => lists::put(app, request, name).await,
        ["lists", name] => lists::destroy(app, name).await,
        ["apps"] if request.method == Method::Get => apps::list(app).await,
        ["apps"] => {
            let once = IdempotentRequest::read(request, app.platform.databases.directory(), NOBODY)?;
            once.answer(app, apps::create(app, request, &once)).await
        }
        ["apps", id] => match request.method {
            Method::Get => apps::get(app, id).await,
            Method::Put => apps::update(app, request, id).await,
            _ => apps::destroy(app, id).await,
        },
        ["accounts"] if request.method == Method::Get => list(app, request).await,
        ["accounts", id] => update(app, request, id).await,
        ["accounts", id, ..] => {
            let once = IdempotentRequest::read(request, app.platform.databases.directory(), NOBODY)?;
            once.answer(app, new_key(app, id, &once)).await
        }
        _ => {
            let once = IdempotentRequest::read(request, app.platform.databases.directory(), NOBODY)?;
            once.answer(app, create_account(app, request, &once)).await
        }
    }
}

fn authorize(app: &App, request: &Request) -> Result<(), Failure> {
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
    let matches = given.is_some_and(|given| match (mac(given), mac(&app.platform.settings.admin_token)) {
        (Some(given), Some(known)) => given.verify(&known.finalize().into_bytes()).is_ok(),
        _ => false,
    });
    if matches { Ok(()) } else { Err(Failure::unauthenticated("Bearer")) }
}

/// Characters of a wallet's text.
const MAX_WALLET: usize = 2_000;

/// The operator's idempotency keys stand under no account.
const NOBODY: i64 = 0;

async fn create_account(app: &App, request: &Request, once: &IdempotentRequest) -> Result<Response, Failure> {
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
    let create = async || -> Result<String, Failure> {
        let new = account::prepare(app, &email, &shop_name, test, wallet::simulated).await?;
        let body = object(&new.created);
        account::create(app, new, once.keep(app, 201, &body)?).await?;
        Ok(body)
    };
    let body = match create().await {
        // Another account of this name was made at the same moment. Now that its slug is seen, this one gets another.
        Err(busy) if busy.status == 503 => create().await?,
        created => created?,
    };
    Ok(Response::json(201, body).with("cache-control", "no-store"))
}

/// Accounts a page has at most, and as many as it has unless the operator asks for fewer.
const MAX_PER_PAGE: u32 = 100;

/// `?email=` → the account of this mailbox, or none; otherwise all of them by id, those behind `?after=`. `Link` leads to the
/// next page.
async fn list(app: &App, request: &Request) -> Result<Response, Failure> {
    if let Some(email) = request.param("email") {
        let found = directory::by_email(app, &email).await?;
        return Ok(Response::json(200, json::array(found.iter().map(listed))));
    }
    let per_page: u32 = match request.param("per_page") {
        None => MAX_PER_PAGE,
        Some(text) => text.trim().parse().map_err(|_| Failure::invalid("Per page is not a number"))?,
    };
    let per_page = per_page.clamp(1, MAX_PER_PAGE);
    let after = match request.param("after") {
        None => 0,
        Some(id) => id.trim().parse().map_err(|_| Failure::invalid("After is not an id"))?,
    };
    let accounts = directory::list(app, after, per_page + 1).await?;
    let page = accounts.get(..per_page as usize);
    let response = Response::json(200, json::array(page.unwrap_or(&accounts).iter().map(listed)));
    Ok(match page.filter(|page| page.len() < accounts.len()).and_then(<[Listed]>::last) {
        Some(last) => {
            let next = format!("{}/admin/accounts?after={}&per_page={per_page}", request.origin, last.id);
            response.with("link", format!("<{next}>; rel=\"next\""))
        }
        None => response,
    })
}

/// `{"disabled": true}` → the account.
async fn update(app: &App, request: &Request, id: &str) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::not_found())?;
    let mut fields = Fields::read(request, "account")?;
    let before = fields.errors.len();
    let disabled = fields.flag("disabled");
    if disabled.is_none() && fields.errors.len() == before {
        fields.error("Disabled can't be blank");
    }
    fields.finish()?;
    let account = directory::set_disabled(app, id, disabled.unwrap_or(false)).await?;
    Ok(Response::json(200, listed(&account)))
}

/// The key is in this answer and nowhere else.
async fn new_key(app: &App, id: &str, once: &IdempotentRequest) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::not_found())?;
    let object = |api_key: &String| json::to_text(&Pairs(&[("api_key", api_key)]));
    let account = directory::whole(app, id).await?;
    // The old one is dead at once, also for asking for a lost answer: somebody else may have it.
    let answer = once.commit(app, 201, seller::replace_key(app, &account, false).await?, object).await?;
    Ok(answer.with("cache-control", "no-store"))
}

fn listed(account: &Listed) -> String {
    let body = ListedBody {
        id: account.id.to_string(),
        email: &account.email,
        shop_name: account.shop_name.as_deref(),
        test: account.test,
        disabled: account.disabled_at.is_some(),
        disabled_at: account.disabled_at.map(time::wire),
        shard: &account.shard,
        created_at: time::wire(account.created_at),
        updated_at: time::wire(account.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
struct ListedBody<'a> {
    /// As text, since JavaScript's numbers are no ids.
    id: String,
    email: &'a str,
    shop_name: Option<&'a str>,
    test: bool,
    disabled: bool,
    disabled_at: Option<String>,
    shard: &'a str,
    created_at: String,
    updated_at: String,
}

/// `{"after"}` → `{"resealed", "unopened", "after"}`, to be called with each answer's `after` until that is null.
async fn rotate(app: &App, request: &Request) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "rotation")?;
    let after = fields.text("after", 1_000);
    fields.finish()?;
    let turn = rotate::turn(app, after.as_deref()).await?;
    let turn = turn.ok_or_else(|| Failure::invalid("After names no row"))?;
    Ok(Response::json(
        200,
        json::to_text(&Resealed { resealed: turn.resealed, unopened: &turn.unopened, after: turn.after.as_deref() }),
    ))
}

#[derive(Serialize)]
struct Resealed<'a> {
    resealed: usize,
    unopened: &'a [String],
    after: Option<&'a str>,
}

/// `{"gateway", "wallet"}` → `{"email"}` of the account that had the wallet until now. An address or an extended public key.
async fn release(app: &App, request: &Request) -> Result<Response, Failure> {
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
    match wallet::release(app, gateway, &wallet).await? {
        Ok(Some(email)) => Ok(Response::json(200, json::to_text(&Pairs(&[("email", &email)])))),
        Ok(None) => Err(Failure::not_found()),
        Err(_) => Err(Failure::invalid("Wallet is neither an address nor an extended public key of this gateway")),
    }
}

fn object(created: &Created) -> String {
    let Created { email, api_key, webhook_secret, .. } = created;
    json::to_text(&Pairs(&[("email", email), ("api_key", api_key), ("webhook_secret", webhook_secret)]))
}
