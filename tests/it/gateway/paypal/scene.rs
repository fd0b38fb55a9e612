//! PayPal: sellers who take it, buyers who are sent there, and what it tells us. The notifications are built here.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    actors::{Ask, Link, Reply, Seller},
    world::{CLIENT_ID, CLIENT_SECRET, PayPal, WEBHOOK_ID, World},
};

pub const SELLER: &str = "money@ada.example";

pub fn configured<'w>(world: &'w World, paypal: Value) -> Seller<'w> {
    let ada = world.seller();
    ada.put("/account", json!({"gateways": {"paypal": paypal}})).expect(200);
    ada.endpoint("https://ada.example/hook", &["order:created", "order:updated", "order:paid"]);
    world.web.says("https://ada.example/hook", 200);
    ada
}

pub fn with_button(world: &World) -> Seller<'_> {
    configured(world, json!({"email": SELLER}))
}

pub fn with_app(world: &World) -> Seller<'_> {
    let app = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "webhook_id": WEBHOOK_ID});
    configured(world, app)
}

/// A link that was started, and the address at PayPal to which its page sends the buyer on.
pub fn started(world: &World, seller: &Seller<'_>, changed: Value) -> (Link, String) {
    let mut fields = changed;
    fields["gateway"] = json!("PayPal");
    let link = seller.link(fields);
    let reply = world.buyer().post(&link.path, "").expect(303);
    assert_eq!(reply.header("location"), Some(format!("{}?go=1", link.order()).as_str()));
    let url = world.db.one(&format!("SELECT session_url FROM orders WHERE id = '{}'", link.order_id));
    (link, url)
}

/// An IPN about an order, with these fields instead; an empty one is left out. The buyer's name is in windows-1252.
pub fn ipn(order_id: &str, changed: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("mc_gross", "10.00"),
        ("payment_status", "Completed"),
        ("txn_id", "61E67681CH3238416"),
        ("txn_type", "web_accept"),
        ("receiver_email", "Money@Ada.Example"),
        ("custom", order_id),
        ("invoice", order_id),
        ("mc_currency", "USD"),
        ("payment_date", "16:10:00 Nov 14, 2023 PST"),
        ("test_ipn", "1"),
        ("charset", "windows-1252"),
    ];
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("first_name=J%FCrgen&{form}")
}

/// Where PayPal sends what it has to tell this seller.
pub fn notify(world: &World) -> String {
    format!("/gateways/paypal/{}", world.db.one("SELECT account_id FROM shops ORDER BY rowid LIMIT 1"))
}

pub fn tell(world: &World, body: &str) -> Reply {
    let ask = world.ask("POST", &notify(world)).header("content-type", "application/x-www-form-urlencoded");
    ask.body(body).send()
}

pub fn event(kind: &str, resource: Value) -> String {
    json!({"id": "WH-1", "event_type": kind, "resource": resource, "summary": "spaces  and \u{fc} stay"}).to_string()
}

pub fn signed<'w>(world: &'w World, body: &str) -> Ask<'w> {
    world
        .ask("POST", &notify(world))
        .header("content-type", "application/json")
        .header("paypal-auth-algo", "SHA256withRSA")
        .header("paypal-cert-url", "https://api.paypal.com/cert.pem")
        .header("paypal-transmission-id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55")
        .header("paypal-transmission-sig", "signed")
        .header("paypal-transmission-time", "2023-11-15T00:10:00Z")
        .body(body)
}

/// PayPal tells it, and it is heard.
pub fn happens(world: &World, paypal: &PayPal, body: &str) {
    paypal.sends(body);
    if body.starts_with('{') { signed(world, body).send() } else { tell(world, body) }.expect(200);
    world.run_jobs();
}

pub fn paid_events(world: &World) -> usize {
    world
        .web
        .sent_to("https://ada.example/hook")
        .iter()
        .filter(|sent| sent.header("x-pushguard-event") == "order:paid")
        .count()
}

pub fn exceptions(seller: &Seller<'_>, order_id: &str) -> Value {
    seller.order(order_id)["exceptions"].clone()
}
