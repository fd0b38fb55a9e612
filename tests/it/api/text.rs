//! Text as people paste it: what nobody sees in it, and one mailbox in several spellings.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    actors::{Seller, basic},
    world::World,
};

const IDN: [&str; 5] = [
    "ada@bücher.example",
    "ADA@xn--bcher-kva.example",
    "Ada@BÜCHER.Example",
    "ada@bu\u{308}cher.example",
    "\u{feff}ada@bücher.example\u{200b}",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[test]
fn invisible_characters_leave_the_ends_of_an_email_and_are_refused_inside() {
    let world = World::new();
    let ada = world.seller();
    let kept = |email: &str| {
        let order = ada.white_label(json!({"email": email}));
        order["email"].clone()
    };
    for email in ["bob@example.com\u{200b}", "\u{202a}bob@example.com\u{202c}", "\u{feff}bob@example.com\r\n"] {
        assert_eq!(kept(email), "bob@example.com", "{email:?}");
    }
    for (inside, name) in [
        ("bob@exam\u{200b}ple.com", "U+200B"),
        ("b\u{ad}ob@example.com", "U+00AD"),
        ("bob\u{200e}@example.com", "U+200E"),
        ("bob@example\u{2060}.com", "U+2060"),
    ] {
        let refused =
            |sentence: String, reply: crate::actors::Reply| assert_eq!(reply.errors(), [sentence], "{inside:?}");
        let email = format!("Email has invisible characters ({name})");
        refused(email.clone(), ada.pay(json!({"email": inside})));
        refused(email.clone(), ada.post("/queries", json!({"subject": "S", "email": inside, "message": "M"})));
        refused(email, world.create_account(json!({"email": inside, "shop_name": "S"})));
        let blocked = format!("Blocked data has invisible characters ({name})");
        refused(blocked, ada.post("/blacklist", json!({"blacklist_type": 1, "blocked_data": inside})));
        let filter = ada.get(&format!("/orders?email={}", encoded(inside)));
        refused("Email has invisible characters".into(), filter);
        let link = ada.link(json!({"email": null}));
        let page = world.buyer().post(&link.path, &format!("email={}", encoded(inside))).expect(422);
        assert!(page.text().contains("invisible characters"), "{inside:?}");
    }
    let link = ada.link(json!({"email": null}));
    world.buyer().post(&link.path, &format!("email={}", encoded("eve@example.com\u{200b}"))).expect(303);
    assert_eq!(ada.order(&link.order_id)["email"], "eve@example.com");
}

#[test]
fn orders_are_found_by_a_mailbox_however_it_is_spelled() {
    let world = World::new();
    let ada = world.seller();
    let typed = ["bob@bücher.example", "Bob@xn--bcher-kva.example", "BOB@bu\u{308}cher.example"];
    for email in typed {
        assert_eq!(ada.white_label(json!({"email": email}))["email"], email, "as it was typed");
    }
    ada.white_label(json!({"email": "bob@bucher.example"}));
    for email in IDN.map(|email| email.replace("ada", "bob").replace("ADA", "BOB").replace("Ada", "Bob")) {
        let found = ada.get(&format!("/orders?email={}", encoded(&email))).expect(200).json();
        let mut emails: Vec<_> = found.as_array().unwrap().iter().map(|order| order["email"].clone()).collect();
        emails.reverse();
        assert_eq!(Value::from(emails), json!(typed), "{email}");
    }
}

#[test]
fn an_account_is_one_mailbox_and_comes_in_by_each_of_its_spellings() {
    let world = World::new();
    let made =
        world.create_account(json!({"email": IDN[0], "shop_name": "Ada's Apps", "test": true})).expect(201).json();
    assert_eq!(made["email"], IDN[0], "what was typed is shown");
    let key = made["api_key"].as_str().unwrap();
    for email in IDN {
        let again = world.create_account(json!({"email": email, "shop_name": "Another"}));
        assert_eq!(again.errors(), ["Email has already been taken"], "{email:?}");
        for cold in [false, true] {
            if cold {
                world.cache.empty();
            }
            let reply = world.ask("GET", "/api/v2/account").header("authorization", basic(email, key)).send();
            assert_eq!(reply.expect(200).json()["email"], IDN[0], "{email:?}");
        }
    }
}

#[test]
fn the_blacklist_has_a_mailbox_once_and_shows_what_was_typed() {
    let world = World::new();
    let ada = world.seller();
    let block = |email: &str| ada.post("/blacklist", json!({"blacklist_type": 1, "blocked_data": email}));
    let made = block("Ada@Bücher.example").expect(201).json();
    assert_eq!(made["blocked_data"], "ada@bücher.example");
    for email in IDN {
        assert_eq!(block(email).errors(), ["Blocked data has already been taken"], "{email:?}");
    }
    let path = format!("/blacklist/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.put(&path, json!({"note": "again"})).expect(200).json()["blocked_data"], "ada@bücher.example");
    assert_eq!(world.db.one("SELECT blocked_data FROM blacklist"), "ada@xn--bcher-kva.example");
    let other = ada.put(&path, json!({"blocked_data": "Eve@Example.com"})).expect(200).json();
    assert_eq!(other["blocked_data"], "eve@example.com");
    assert_eq!(ada.get(&path).json(), other);
}

#[test]
fn a_key_that_was_pasted_with_more_than_itself_is_taken() {
    let world = World::new();
    let ada = world.seller();
    for (before, after) in [("", "\n"), ("", "\r\n"), (" ", " "), ("\u{feff}", "\u{200b}"), ("\t", "\n\n")] {
        let key = format!("{before}{}{after}", ada.key);
        for email in [ada.email.clone(), format!("{before}{}{after}", ada.email)] {
            let ask = world.ask("GET", "/api/v2/account").header("authorization", basic(&email, &key));
            ask.send().expect(200);
        }
    }
    let inside = format!("{}\n{}", &ada.key[..9], &ada.key[9..]);
    world.ask("GET", "/api/v2/account").header("authorization", basic(&ada.email, &inside)).send().expect(401);
}

#[test]
fn credentials_in_latin_1_are_read() {
    let world = World::new();
    for email in ["grüße@example.com", "josé@bücher.example", "ÅSA@example.com"] {
        let made = world.create_account(json!({"email": email, "shop_name": "S", "test": true})).expect(201).json();
        let key = made["api_key"].as_str().unwrap();
        let text = format!("{email}:{key}");
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
        let header = format!("Basic {}", STANDARD.encode(latin));
        world.ask("GET", "/api/v2/account").header("authorization", header).send().expect(200);
        world.ask("GET", "/api/v2/account").header("authorization", basic(email, key)).send().expect(200);
    }
}

/// Everything that has a name which others read, under the name's label.
fn named(seller: &Seller<'_>, name: &str) -> Vec<(&'static str, crate::actors::Reply)> {
    let product = json!({
        "title": name, "description": "d", "price": "1", "currency": "USD", "gateways": ["bitcoin"], "product_type": 4,
    });
    let mut asking = product.clone();
    asking["title"] = json!("T");
    asking["custom"] = json!([{"name": name, "type": "text"}]);
    vec![
        ("Title", seller.pay(json!({"title": name}))),
        ("Title", seller.post("/products", product)),
        ("Custom 0 name", seller.post("/products", asking)),
        ("Title", seller.post("/categories", json!({"title": name, "product_ids": []}))),
        ("Subject", seller.post("/queries", json!({"subject": name, "email": "bob@example.com", "message": "M"}))),
        ("Shop name", seller.put("/account", json!({"shop_name": name}))),
        ("Shop name", seller.world.create_account(json!({"email": "new@example.com", "shop_name": name}))),
    ]
}

#[test]
fn a_name_has_something_to_see_and_turns_nothing_around() {
    let world = World::new();
    let ada = world.seller();
    for blank in ["\u{200b}", "\u{3164}", "\u{2800} \u{feff}", "\u{ad}\u{2060}\u{200e}"] {
        for (label, reply) in named(&ada, blank) {
            assert_eq!(reply.errors(), [format!("{label} can't be blank")], "{blank:?}");
        }
    }
    for (turned, c) in [
        ("\u{202e}Gift card", "U+202E"),
        ("Gift\u{202d} card", "U+202D"),
        ("Gift card\u{202e}", "U+202E"),
        ("Gift \u{202b}card", "U+202B"),
    ] {
        for (label, reply) in named(&ada, turned) {
            let sentence = format!("{label} has characters that turn the direction of writing ({c})");
            assert_eq!(reply.errors(), [sentence], "{turned:?}");
        }
    }
    for good in ["بطاقة هدية \u{200f}(10)", "❤\u{fe0f}", "👨\u{200d}👩\u{200d}👧", "می\u{200c}خواهم"]
    {
        ada.pay(json!({"title": good})).expect(201);
        let account = ada.put("/account", json!({"shop_name": format!("\u{feff}{good}\n")})).expect(200).json();
        assert_eq!(account["shop_name"], good);
    }
}

#[test]
fn the_pages_keep_the_direction_of_a_name_to_itself() {
    let world = World::new();
    let ada = world.seller();
    for (title, shop) in [("بطاقة هدية", "متجر"), ("כרטיס מתנה", "חנות"), ("Gift card", "Ada's Apps")]
    {
        ada.put("/account", json!({"shop_name": shop})).expect(200);
        let link = ada.link(json!({"title": title, "quantity": 3}));
        let start = world.buyer().get(&link.path).expect(200).text();
        world.buyer().start(&link);
        ada.simulate(&link.order_id, "exact", 1);
        let paid = world.buyer().get(&link.order()).expect(200).text();
        let bdi = |text: &str| format!("<bdi dir=\"auto\">{text}</bdi>");
        for page in [&start, &paid] {
            assert!(page.contains(&format!("{}<span class=\"hint\"> × 3</span>", bdi(title))), "{page}");
            let named = format!("<a href=\"https://ada.example/\"><strong>{}</strong></a>", bdi(shop));
            assert!(page.contains(&named), "{page}");
        }
        assert!(paid.contains(&format!("{} has received", bdi(shop))), "{paid}");
        let head = if shop.is_ascii() { shop.to_owned() } else { format!("\u{2068}{shop}\u{2069}") };
        assert!(start.contains(&format!(" · {head}</title>")), "{start}");
    }
}
