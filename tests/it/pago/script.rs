//! Scripts of applications on a shop's lists.

use serde_json::{Value, json};

use super::{Client, app, by_key, id, token};
use crate::{
    actors::Seller,
    storefront::{buy, ordered, product, shop},
    world::{SECOND, World},
};

const SRC: &str = "https://cdn.example/banner.js";
const HASH: &str = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";

pub fn turn(seller: &Seller<'_>, on: bool) {
    seller.put("/account", json!({"shop": {"scripts": on}})).expect(200);
}

fn script(src: &str) -> Value {
    json!({"src": src, "integrity": HASH})
}

fn make(client: &Client<'_>, src: &str) -> String {
    id(&client.post("/scripts", script(src)).expect(201).json())
}

#[test]
fn scripts_are_refused_until_the_seller_turns_them_on() {
    let world = World::new();
    let ada = shop(&world);
    let client = app(&ada, "script_read script_write");
    let refused = client.post("/scripts", script(SRC)).expect(403);
    assert_eq!(
        refused.message(),
        "Scripts are off in this shop: its seller can turn them on with shop.scripts in PUT /api/v2/account. They weaken its pages"
    );
    assert_eq!(ada.get("/account").json()["shop"]["scripts"], false, "off in a new account");
    turn(&ada, true);
    let made = client.post("/scripts", script(SRC)).expect(201).json();
    let expected = json!({
        "id": made["id"], "src": SRC, "integrity": HASH, "app_id": client.app_id, "created_at": "2023-11-15T00:00:00Z",
    });
    assert_eq!(made, expected);
    assert_eq!(client.get("/scripts").expect(200).json(), json!([expected]));
    assert_eq!(client.get(&format!("/scripts/{}", id(&made))).expect(200).json(), expected);
}

#[test]
fn a_shops_lists_run_exactly_its_scripts_and_no_other_page_runs_any() {
    let world = World::new();
    let ada = shop(&world);
    let product = product(&ada, json!({}));
    let category = ada.post("/categories", json!({"title": "Apps", "product_ids": [product]})).expect(201).json();
    turn(&ada, true);
    let client = app(&ada, "script_read script_write");
    let buyer = world.buyer();
    let policy =
        |path: &str| buyer.get(path).expect(200).header("content-security-policy").unwrap_or_default().to_owned();
    let bare = policy("/shop/ada");
    assert!(!bare.contains("script") && !bare.contains("sandbox"));
    make(&client, SRC);
    world.advance(SECOND);
    let second = make(&client, "https://stats.example/v1/s.js");
    let lists = ["/shop/ada".to_owned(), format!("/category/{}", id(&category)), "/".into()];
    let expected = format!(
        "{bare}; script-src {SRC} https://stats.example/v1/s.js; sandbox allow-forms allow-popups \
         allow-popups-to-escape-sandbox allow-scripts"
    );
    for path in &lists {
        let text = buyer.get(path).expect(200).text();
        let tag = format!("<script src=\"{SRC}\" integrity=\"{HASH}\" crossorigin=\"anonymous\" defer></script>");
        assert!(text.contains(&tag) && text.matches("<script").count() == 2, "{path}: {text}");
        assert_eq!(policy(path), expected, "{path}");
    }
    let order = ordered(buy(&buyer, &product, ""));
    let link = ada.link(json!({}));
    buyer.start(&link);
    for path in [
        format!("/product/{product}"),
        "/shop/ada/contact".into(),
        world.receipt(&order),
        link.path.clone(),
        link.order(),
    ] {
        let page = buyer.get(&path).expect(200);
        let (policy, text) = (page.header("content-security-policy").unwrap_or_default(), page.text());
        assert!(!policy.contains("cdn.example") && !text.contains("cdn.example"), "{path}: {policy}");
    }
    let missing = buyer.get("/shop/ada/x").expect(404);
    assert!(!missing.text().contains("cdn.example"));
    client.delete(&format!("/scripts/{second}")).expect(204);
    assert!(!policy("/shop/ada").contains("stats.example") && policy("/shop/ada").contains(SRC));
    turn(&ada, false);
    assert_eq!(policy("/shop/ada"), bare, "turned off, none runs");
    assert!(!buyer.get("/shop/ada").text().contains("<script"));
    assert_eq!(client.get("/scripts").expect(200).header("x-total"), Some("1"), "they are kept");
    turn(&ada, true);
    assert!(policy("/shop/ada").contains(SRC));
}

#[test]
fn a_shop_runs_no_other_shops_scripts() {
    let world = World::new();
    let (ada, eve) = (shop(&world), world.seller_named("eve@example.com", true));
    eve.put("/account", json!({"shop": {"slug": "eve", "scripts": true}})).expect(200);
    make(&by_key(&eve), SRC);
    assert!(world.buyer().get("/shop/eve").expect(200).text().contains(SRC));
    turn(&ada, true);
    assert!(!world.buyer().get("/shop/ada").expect(200).text().contains(SRC));
}

#[test]
fn each_wrong_script_is_told_why() {
    let world = World::new();
    let ada = shop(&world);
    turn(&ada, true);
    let client = app(&ada, "script_write");
    let errors =
        |src: &str, integrity: &str| client.post("/scripts", json!({"src": src, "integrity": integrity})).errors();
    let integrity = "Integrity must be sha384- and the hash of the script in base64, and nothing else";
    for (src, sentence) in [
        ("http://cdn.example/a.js", "Src must be an HTTPS URL"),
        ("javascript:alert(1)", "Src must be an HTTPS URL"),
        ("https://localhost/a.js", "Src must not point to a private network"),
        ("https://a:b@cdn.example/a.js", "Src must not contain credentials"),
        ("https://cdn.example/a.js?v=1", "Src must have no query: the policy of a page can't name one"),
        ("https://cdn.example/", "Src must be the address of one file"),
        ("https://cdn.example/a.js;script-src", "Src is not a valid URL (\";\" must be percent-encoded)"),
        ("https://cdn.example/a.js\" onerror=\"x", "Src is not a valid URL"),
    ] {
        assert_eq!(errors(src, HASH), [sentence], "{src}");
    }
    for wrong in ["sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha384-short", "sha384-\" onload=\"", "x"] {
        assert_eq!(errors(SRC, wrong), [integrity], "{wrong}");
    }
    assert_eq!(client.post("/scripts", json!({})).errors(), ["Src can't be blank", "Integrity can't be blank"]);
    for n in 0..10 {
        make(&client, &format!("https://cdn.example/{n}.js"));
    }
    assert_eq!(client.post("/scripts", script(SRC)).errors(), ["Scripts are limited to 10 per account"]);
}

#[test]
fn an_app_sees_and_deletes_its_own_scripts_and_the_seller_all() {
    let world = World::new();
    let ada = shop(&world);
    turn(&ada, true);
    let (one, two, seller) =
        (app(&ada, "script_read script_write"), app(&ada, "script_read script_write"), by_key(&ada));
    let (first, second) = (make(&one, SRC), make(&seller, "https://cdn.example/seller.js"));
    for (client, known) in [(&one, vec![&first]), (&two, vec![]), (&seller, vec![&first, &second])] {
        let list = client.get("/scripts").expect(200).json();
        let mut ids: Vec<String> = list.as_array().unwrap().iter().map(id).collect();
        ids.sort();
        let mut known: Vec<String> = known.into_iter().cloned().collect();
        known.sort();
        assert_eq!(ids, known);
    }
    let unknown = two.get("/scripts/00000000").expect(404).text();
    for reply in [
        two.get(&format!("/scripts/{first}")),
        two.delete(&format!("/scripts/{first}")),
        one.delete(&format!("/scripts/{second}")),
    ] {
        assert_eq!(reply.expect(404).text(), unknown);
    }
    // Another grant of the same app is the same app.
    token(&ada, &one.app_id, "script_write").delete(&format!("/scripts/{first}")).expect(204);
    seller.delete(&format!("/scripts/{second}")).expect(204);
}

#[test]
fn an_app_that_is_disconnected_leaves_no_script_behind_and_hears_of_nothing() {
    let world = World::new();
    world.web.says("https://app.example", 200);
    let ada = shop(&world);
    turn(&ada, true);
    let client = app(&ada, "all");
    make(&client, SRC);
    let kept = make(&by_key(&ada), "https://cdn.example/kept.js");
    client.post("/webhooks", json!({"url": "https://app.example", "topics": ["order_created"]})).expect(201);
    let page = || world.buyer().get("/shop/ada").expect(200).text();
    assert!(page().contains(SRC));
    let grant = ada.get("/authorizations").expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/authorizations/{grant}")).expect(204);
    assert!(!page().contains(SRC) && page().contains("kept.js"));
    assert_eq!(by_key(&ada).get("/scripts").json().as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [kept]);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://app.example").len(), 0);
    // Let in again, it sees what it had, which tells nothing.
    let again = token(&ada, &client.app_id, "all");
    let hooks = again.get("/webhooks").expect(200).json();
    assert_eq!(hooks[0]["topics"], json!([]));
    again.post(&format!("/webhooks/{}/test", id(&hooks[0])), json!({})).expect(404);
}
