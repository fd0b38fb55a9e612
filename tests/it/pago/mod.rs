//! The window at `/api` for applications that speak Pago's resources.

use pushguard::{
    http::Method,
    shop::oauth::{Scopes, grant},
};
use serde_json::{Value, json};

use crate::{
    actors::{Ask, Reply, Seller, basic},
    world::{ADMIN_TOKEN, DAY, World, block_on},
};

mod cart;
mod customer;
mod isolation;
mod noun;
mod openapi;
mod order;
mod play;
mod script;
mod webhook;
mod wire;

/// An application with a token of a seller's, or the seller with their key.
pub struct Client<'w> {
    pub world: &'w World,
    pub app_id: String,
    authorization: String,
}

/// Registers an application.
pub fn register(world: &World) -> String {
    let fields = json!({
        "name": "An app", "site": "https://app.example", "redirect_uris": ["https://app.example/cb"],
        "scopes": Scopes::all().to_text(),
    });
    let ask = world.ask("POST", "/admin/apps").header("authorization", format!("Bearer {ADMIN_TOKEN}"));
    ask.json(&fields).send().expect(201).json()["client_id"].as_str().expect("an id").to_owned()
}

/// A token of this seller's for an application, with these scopes.
pub fn token<'w>(seller: &Seller<'w>, app_id: &str, scopes: &str) -> Client<'w> {
    let world = seller.world;
    let rows = world.db.query(&format!("SELECT id FROM accounts WHERE email = '{}'", seller.email));
    let account_id = rows[0][0].parse().expect("an account's id");
    let scopes = if scopes == "all" { Scopes::all() } else { Scopes::parse(scopes).expect("scopes") };
    let (mut new, issued) = grant::new(&world.app, account_id, app_id, scopes);
    // The clock of some tests runs for days.
    new.token.expires_at += 365 * DAY;
    let db = world.app.platform.databases.directory();
    block_on(db.commit(grant::sql::insert(&new, world.now()).into())).expect("a grant");
    Client { world, app_id: app_id.to_owned(), authorization: format!("Bearer {}", issued.access_token) }
}

/// An application of its own, with these scopes of the seller's.
pub fn app<'w>(seller: &Seller<'w>, scopes: &str) -> Client<'w> {
    token(seller, &register(seller.world), scopes)
}

/// The seller, with the API key.
pub fn by_key<'w>(seller: &Seller<'w>) -> Client<'w> {
    Client { world: seller.world, app_id: String::new(), authorization: basic(&seller.email, &seller.key) }
}

impl<'w> Client<'w> {
    pub fn ask(&self, method: &str, path: &str) -> Ask<'w> {
        self.bare(method, path).header("x-api-version", "2")
    }

    /// Without a version.
    pub fn bare(&self, method: &str, path: &str) -> Ask<'w> {
        self.world.ask(method, &format!("/api{path}")).header("authorization", self.authorization.clone())
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send()
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("POST", path).json(&body).send()
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.ask("PUT", path).json(&body).send()
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path).send()
    }

    /// Any request, with an empty object where a body is due.
    pub fn any(&self, method: Method, path: &str) -> Reply {
        let name = method.names().split(", ").next().expect("a name");
        let ask = self.ask(name, path);
        if matches!(method, Method::Post | Method::Put) { ask.json(&json!({})).send() } else { ask.send() }
    }
}

/// A service for ten dollars.
pub fn product(changed: Value) -> Value {
    with(
        json!({
            "title": "The app", "description": "An app", "price": "10.00", "currency": "USD", "product_type": 4,
            "gateways": ["bitcoin"],
        }),
        changed,
    )
}

pub fn with(mut fields: Value, changed: Value) -> Value {
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

pub fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// Database round trips of a read, warm.
pub fn trips(client: &Client<'_>, path: &str) -> u32 {
    client.get(path).expect(200);
    client.world.trips(|| client.get(path).expect(200))
}
