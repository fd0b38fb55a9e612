//! `shop` in `/account`: what a seller says of their shop.

use serde_json::json;

use super::{hides, shop, shows};
use crate::world::{Landed, World};

/// A picture of one pixel.
pub const LOGO: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

#[test]
fn a_new_account_has_a_shop_at_an_address_of_its_name() {
    let world = World::new();
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| world.seller_named(email, true));
    let expected = json!({
        "slug": "ada-s-apps", "name": "Ada's Apps", "description": "", "accent_color": null, "contact_email": null,
        "contact_url": null, "terms_url": null, "privacy_url": null, "listed": true, "language": null,
        "scripts": false, "currency": "USD", "logo": null,
    });
    assert_eq!(ada.get("/account").json()["shop"], expected);
    let other = eve.get("/account").json()["shop"]["slug"].as_str().unwrap().to_owned();
    assert!(other.starts_with("ada-s-apps-") && other.len() <= 40, "{other}");
    world.buyer().get("/shop/ada-s-apps").expect(200);
    world.buyer().get(&format!("/shop/{other}")).expect(200);
}

#[test]
fn settings_are_kept_and_what_is_not_sent_stays() {
    let world = World::new();
    let ada = shop(&world);
    let all = json!({
        "slug": "ada", "name": "Ada", "description": "Apps for *everybody*", "accent_color": "#ffd400",
        "contact_email": "help@ada.example", "contact_url": "https://ada.example/help",
        "terms_url": "https://ada.example/terms", "privacy_url": "https://ada.example/privacy", "listed": false,
        "language": "de", "scripts": true, "currency": "EUR", "logo": null,
    });
    let account = ada.put("/account", json!({"shop": all})).expect(200).json();
    assert_eq!(account["shop"], all);
    assert_eq!(
        (&account["shop_name"], &account["contact_email"], &account["contact_url"]),
        (&all["name"], &all["contact_email"], &all["contact_url"])
    );
    let account = ada.put("/account", json!({"shop_name": "Ada & Co", "shop": {"listed": true}})).expect(200).json();
    assert_eq!((&account["shop"]["name"], &account["shop"]["listed"]), (&json!("Ada & Co"), &json!(true)));
    assert_eq!((&account["shop"]["slug"], &account["shop"]["accent_color"]), (&all["slug"], &all["accent_color"]));
    let nothing = json!({"accent_color": null, "terms_url": null, "language": null, "description": null});
    let shop = ada.put("/account", json!({"shop": nothing})).expect(200).json()["shop"].clone();
    assert_eq!([&shop["accent_color"], &shop["terms_url"], &shop["language"]], [&json!(null); 3]);
    assert_eq!((&shop["description"], &shop["privacy_url"]), (&json!(""), &all["privacy_url"]));
    assert_eq!(ada.get("/account").json()["shop"], shop);
}

#[test]
fn each_wrong_setting_is_named() {
    let world = World::new();
    let ada = shop(&world);
    let before = ada.get("/account").json();
    let errors = |shop: serde_json::Value| ada.put("/account", json!({"shop": shop})).expect(400).errors();
    assert_eq!(errors(json!("x")), ["Shop must be an object"]);
    assert_eq!(
        errors(json!({
            "slug": "no spaces", "name": "", "accent_color": "#7a7a7a", "contact_email": "x", "terms_url": "javascript:alert(1)",
            "listed": "perhaps", "language": "xx",
        })),
        [
            "Shop slug can have the letters a to z, digits and hyphens only",
            "Shop name can't be blank",
            "Shop accent color is too close to both white and black: text on it can't be read (4.5 to 1)",
            "Shop contact email is not a valid email address",
            "Shop terms url must be an HTTPS URL",
            "Shop listed must be true or false",
            "Shop language \"xx\" is not included in the list (en, de, fr, es, pt, it, nl, pl, tr, ru, zh, ja)",
        ]
    );
    assert_eq!(errors(json!({"slug": "ab"})), ["Shop slug is too short (minimum is 3 characters)"]);
    assert_eq!(errors(json!({"slug": "a".repeat(41)})), ["Shop slug is too long (maximum is 40 characters)"]);
    assert_eq!(errors(json!({"slug": null})), ["Shop slug can't be blank"]);
    assert_eq!(errors(json!({"accent_color": "red"})), ["Shop accent color must look like #2451d6"]);
    assert_eq!(ada.get("/account").json(), before);
}

#[test]
fn no_two_shops_are_at_one_address_in_whatever_database_they_are() {
    let world = World::new();
    let sellers = ["a", "b", "c", "d"].map(|name| world.seller_named(&format!("{name}@example.com"), true));
    sellers[1].put("/account", json!({"shop": {"slug": "Keys"}})).expect(200);
    for other in [&sellers[0], &sellers[2], &sellers[3]] {
        let before = other.get("/account").json();
        let taken = json!({"shop": {"slug": "keys", "name": "Thief"}});
        assert_eq!(other.put("/account", taken).expect(400).errors(), ["Shop slug has already been taken"]);
        assert_eq!(other.get("/account").json(), before);
    }
    sellers[1].put("/account", json!({"shop": {"slug": "locks"}})).expect(200);
    world.buyer().get("/shop/keys").expect(404);
    sellers[2].put("/account", json!({"shop": {"slug": "keys"}})).expect(200);
    for slug in ["keys", "locks"] {
        world.buyer().get(&format!("/shop/{slug}")).expect(200);
    }
}

#[test]
fn a_change_that_broke_off_between_two_databases_is_whole_when_it_is_repeated() {
    let world = World::new();
    let [_, eve] = ["a@example.com", "b@example.com"].map(|email| world.seller_named(email, true));
    world.db.break_commit(2, Landed::No);
    let change = || eve.put("/account", json!({"shop": {"slug": "locks", "listed": false}}));
    change().expect(500);
    world.db.mend();
    let shop = change().expect(200).json()["shop"].clone();
    assert_eq!((&shop["slug"], &shop["listed"]), (&json!("locks"), &json!(false)));
    assert_eq!(world.db.query("SELECT slug FROM accounts WHERE listed = 0"), [["locks"]]);
}

#[test]
fn the_accent_colour_comes_with_the_text_that_can_be_read_on_it() {
    let world = World::new();
    let ada = shop(&world);
    let page = || world.buyer().get("/shop/ada").expect(200);
    hides(&page(), &["<style>"]);
    ada.put("/account", json!({"shop": {"accent_color": "#FFD400", "terms_url": "https://ada.example/terms?a=1&b=2"}}))
        .expect(200);
    shows(&page(), &["--act:#ffd400;", "--on-act:#0e1116", "https://ada.example/terms?a=1&amp;b=2"]);
    let page = page();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'self' 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn a_logo_stands_beside_the_name_until_it_is_removed() {
    let world = World::new();
    let ada = shop(&world);
    let logo = || world.buyer().get("/shop/ada").expect(200).text().contains("<img class=\"logo\"");
    assert!(!logo());
    ada.delete("/account/logo").expect(404);
    let put = |bytes: &[u8]| ada.ask("PUT", "/account/logo").header("content-type", "image/png").body(bytes).send();
    put(b"<svg/>").expect(400);
    let account = put(LOGO).expect(200).json();
    let id = account["shop"]["logo"]["id"].as_str().unwrap();
    shows(&world.buyer().get("/shop/ada").expect(200), &[&format!("src=\"/images/{id}\" alt=\"\"")]);
    world.buyer().get(&format!("/images/{id}")).expect(200);
    ada.delete("/account/logo").expect(204);
    assert!(!logo());
    world.buyer().get(&format!("/images/{id}")).expect(404);
}
