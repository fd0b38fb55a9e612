//! Applications of others: how a seller lets one act for them, what it gets, and how it loses it.

mod access;
mod apps;
mod authorize;
mod client;
mod code;
mod ending;
mod isolation;
mod page;
mod refresh;
mod retention;
mod revoke;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    actors::{Ask, ORIGIN, Reply, Seller},
    world::{ADMIN_TOKEN, World},
};

pub const CALLBACK: &str = "https://app.example/callback";
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const ALL: &str = "abandoned_cart_read abandoned_cart_write customer_read product_read product_write order_read order_write \
                       coupon_read coupon_write script_write script_read READ:PURCHASE READ:PRODUCT READ:USERINFO";

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

pub fn operator(world: &World, method: &str, path: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    world.ask(method, &format!("/admin{path}")).header("authorization", bearer).json(&body).send()
}

pub fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// An application, as its developer knows it.
pub struct Client<'w> {
    pub world: &'w World,
    pub id: String,
    pub secret: Option<String>,
}

/// A server that may ask for everything, with these fields instead.
pub fn client(world: &World, changed: Value) -> Client<'_> {
    let mut fields = json!({
        "name": "Shelf", "site": "https://app.example", "redirect_uris": [CALLBACK], "scopes": ALL,
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    let made = operator(world, "POST", "/apps", fields).expect(201).json();
    let text = |name: &str| made[name].as_str().map(str::to_owned);
    Client { world, id: text("client_id").expect("an id"), secret: text("client_secret") }
}

pub fn public(world: &World) -> Client<'_> {
    client(world, json!({"confidential": false}))
}

/// What a client was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
}

impl Tokens {
    pub fn of(reply: &Reply) -> Tokens {
        let json = reply.json();
        assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(3600)));
        let text = |name: &str| json[name].as_str().expect("a text").to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token"), scope: text("scope") }
    }
}

impl<'w> Client<'w> {
    /// The address to which it sends sellers, with these parameters instead; an empty one is left out.
    pub fn authorize_url(&self, changed: &[(&str, &str)]) -> String {
        let challenge = challenge(VERIFIER);
        let usual = [
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("scope", "order_read product_read"),
            ("state", "x y&z=ü"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let known = |name: &str| changed.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let mut pairs: Vec<(&str, &str)> = usual.map(|(name, value)| (name, known(name).unwrap_or(value))).to_vec();
        pairs.extend(changed.iter().filter(|(name, _)| !usual.iter().any(|(known, _)| known == name)));
        pairs.retain(|(_, value)| !value.is_empty());
        format!("/oauth/authorize?{}", form(&pairs))
    }

    /// The seller signs in and allows it. Where they are sent.
    pub fn allowed_at(&self, seller: &Seller<'_>, url: &str) -> String {
        let asked = sign_in(seller, url).expect(200);
        let allowed = post(self.world, url, &[("step", &step(&asked))]).expect(303);
        allowed.header("location").expect("an address").to_owned()
    }

    /// A code for the usual request, with these parameters instead.
    pub fn code(&self, seller: &Seller<'_>, changed: &[(&str, &str)]) -> String {
        let location = self.allowed_at(seller, &self.authorize_url(changed));
        parameter(&location, "code").unwrap_or_else(|| panic!("no code: {location}"))
    }

    pub fn ask(&self, path: &str, fields: &[(&str, &str)]) -> Ask<'w> {
        let mut pairs = fields.to_vec();
        let id_in_body = self.secret.is_none();
        if id_in_body {
            pairs.push(("client_id", &self.id));
        }
        let ask = self.world.ask("POST", path).header("content-type", "application/x-www-form-urlencoded");
        let ask = match &self.secret {
            Some(secret) => {
                ask.header("authorization", format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.id))))
            }
            None => ask,
        };
        ask.body(form(&pairs))
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.ask(path, fields).send()
    }

    pub fn redeem(&self, code: &str) -> Reply {
        self.post("/oauth/token", &redemption(code))
    }

    pub fn refresh(&self, token: &str) -> Reply {
        self.post("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// The seller allows the usual request with these scopes, and it is redeemed.
    pub fn connect(&self, seller: &Seller<'_>, scopes: &str) -> Tokens {
        Tokens::of(&self.redeem(&self.code(seller, &[("scope", scopes)])).expect(200))
    }

    pub fn is_active(&self, token: &str) -> bool {
        let answer = self.post("/oauth/introspect", &[("token", token)]).expect(200).json();
        answer["active"].as_bool().expect("active")
    }
}

/// What a client sends for a code.
pub fn redemption(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]
}

/// A browser's form.
pub fn post(world: &World, url: &str, fields: &[(&str, &str)]) -> Reply {
    let ask = world.ask("POST", url).header("content-type", "application/x-www-form-urlencoded");
    ask.header("origin", ORIGIN).header("sec-fetch-site", "same-origin").body(form(fields)).send()
}

pub fn sign_in(seller: &Seller<'_>, url: &str) -> Reply {
    post(seller.world, url, &[("email", &seller.email), ("api_key", &seller.key)])
}

/// The signed step in the page that asks.
pub fn step(page: &Reply) -> String {
    let text = page.text();
    let value = text.split("name=\"step\" value=\"").nth(1).expect("a step").split('"').next().expect("a value");
    value.to_owned()
}

/// A parameter of a URL.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The error of an answer, which no cache keeps.
#[track_caller]
pub fn error(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let json = reply.json();
    let why = json["error_description"].as_str().expect("why");
    let plain = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(why.bytes().all(plain), "RFC 6749, 5.2: {why}");
    (reply.status(), json["error"].as_str().expect("an error").to_owned())
}

#[track_caller]
pub fn refused(reply: &Reply, status: u16, word: &str) {
    assert_eq!(error(reply), (status, word.to_owned()), "{}", reply.text());
}

#[test]
fn a_seller_lets_an_application_act_and_it_goes_on_by_itself() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let location = app.allowed_at(&ada, &app.authorize_url(&[]));
    assert!(location.starts_with(&format!("{CALLBACK}?code=pg_ac_")), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("x y&z=ü"), "it comes back as it was");
    assert_eq!(parameter(&location, "iss").as_deref(), Some(ORIGIN), "RFC 9207");
    let reply = app.redeem(&parameter(&location, "code").unwrap()).expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let first = Tokens::of(&reply);
    assert_eq!(first.scope, "product_read order_read");
    assert!(first.access.starts_with("pg_at_") && first.refresh.starts_with("pg_rt_"));
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    assert!(second.access != first.access && second.refresh != first.refresh && second.scope == first.scope);
    assert!(app.is_active(&first.access) && app.is_active(&second.access), "requests on their way still succeed");
    app.post("/oauth/revoke", &[("token", &second.refresh)]).expect(200);
    for token in [&first.access, &second.access, &first.refresh, &second.refresh] {
        assert!(!app.is_active(token));
    }
    refused(&app.refresh(&second.refresh), 400, "invalid_grant");
}

#[test]
fn nothing_of_what_opens_stands_in_the_database() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let code = app.code(&ada, &[]);
    let first = Tokens::of(&app.redeem(&code).expect(200));
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    let dump = world.db.dump();
    let secret = app.secret.clone().unwrap();
    for text in [&code, &first.access, &first.refresh, &second.access, &second.refresh, &secret] {
        let (_, random) = text.split_at(6);
        assert!(!dump.contains(random), "{text}");
        assert!(!dump.contains(&random[random.len() - 20..]), "nor a part of it");
    }
}

#[test]
fn clients_find_everything_by_the_metadata() {
    let world = World::new();
    let reply = world.ask("GET", "/.well-known/oauth-authorization-server").send().expect(200);
    let metadata = reply.json();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(metadata["issuer"], ORIGIN);
    for (name, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("introspection_endpoint", "/oauth/introspect"),
    ] {
        assert_eq!(metadata[name], format!("{ORIGIN}{path}"));
        let got = world.ask("GET", path).send().status();
        assert!(got == 405 || got == 400, "{path} is there: {got}");
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], json!(true));
    assert_eq!(metadata["scopes_supported"].as_array().unwrap().len(), 14);
    let public = World::with(&[("PUBLIC_URL", "https://shop.example")]);
    let metadata = public.ask("GET", "/.well-known/oauth-authorization-server").send().expect(200).json();
    assert_eq!(metadata["issuer"], "https://shop.example", "whatever name the request came by");
    world.ask("POST", "/.well-known/oauth-authorization-server").send().expect(405);
}
