//! Shop, categories and products as buyers see them.

use serde_json::{Value, json};

use super::{hides, product, shop, shows};
use crate::{
    purchase,
    world::{ADMIN_TOKEN, World},
};

fn category(seller: &crate::actors::Seller<'_>, fields: Value) -> String {
    seller.post("/categories", fields).expect(201).json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_only_shop_is_at_the_root_and_several_are_linked_there() {
    let world = World::new();
    shows(&world.buyer().get("/").expect(200), &["PushGuard", "href=\"/docs\""]);
    let ada = shop(&world);
    product(&ada, json!({"title": "The key"}));
    shows(&world.buyer().get("/").expect(200), &["The key", "/shop/ada\""]);
    let eve = world.seller_named("eve@example.com", true);
    eve.put("/account", json!({"shop": {"slug": "eves", "name": "Eve <b>"}})).expect(200);
    let page = world.buyer().get("/").expect(200);
    shows(&page, &["href=\"/shop/ada\"", "href=\"/shop/eves\"", "Eve &lt;b&gt;", "href=\"/docs\""]);
    hides(&page, &["The key"]);
    eve.put("/account", json!({"shop": {"listed": false}})).expect(200);
    hides(&world.buyer().get("/").expect(200), &["/shop/eves"]);
    let browser = world.ask("GET", "/").header("accept", "text/html").send().expect(200);
    assert_eq!(browser.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn a_shop_shows_what_is_listed_and_what_is_in_stock_first() {
    let world = World::new();
    let ada = shop(&world);
    product(&ada, json!({"title": "Old and here", "price": "12.50"}));
    product(&ada, json!({"title": "New and gone", "info": ""}));
    product(&ada, json!({"title": "Newest", "product_type": 4, "info": "x"}));
    let hidden = product(&ada, json!({"title": "Unlisted", "unlisted": true}));
    let secret = product(&ada, json!({"title": "Private", "private": true}));
    let page = world.buyer().get("/shop/ada").expect(200);
    shows(&page, &["12.50 USD", "3 left", "Sold out", "In stock"]);
    hides(&page, &["Unlisted", "Private"]);
    let text = page.text();
    let places = ["Newest", "Old and here", "New and gone"].map(|title| text.find(title).expect("it is there"));
    assert!(places.is_sorted(), "{places:?}");
    shows(&world.buyer().get(&format!("/product/{hidden}")).expect(200), &["Unlisted", "noindex"]);
    world.buyer().get(&format!("/product/{secret}")).expect(404);
}

#[test]
fn categories_have_pages_in_the_order_of_their_seller() {
    let world = World::new();
    let ada = shop(&world);
    let [one, two, three] = ["One", "Two", "Three"].map(|title| product(&ada, json!({"title": title})));
    let secret = product(&ada, json!({"title": "Secret", "private": true}));
    let shown = category(&ada, json!({"title": "Best", "product_ids": [three, one, secret], "unlisted": false}));
    let hidden = category(&ada, json!({"title": "Hidden ones", "product_ids": [two]}));
    let page = world.buyer().get("/shop/ada").expect(200);
    shows(&page, &[&format!("href=\"/category/{shown}\""), "Best"]);
    hides(&page, &["Hidden ones"]);
    let page = world.buyer().get(&format!("/category/{shown}")).expect(200);
    hides(&page, &["Secret", ">Two<"]);
    let text = page.text();
    assert!(text.find(">Three<").unwrap() < text.find(">One<").unwrap());
    shows(&world.buyer().get(&format!("/category/{hidden}")).expect(200), &["Hidden ones", ">Two<"]);
    world.buyer().get("/category/00000000").expect(404);
    ada.put("/account", json!({"shop": {"listed": false}})).expect(200);
    world.buyer().get(&format!("/category/{shown}")).expect(404);
    world.buyer().get("/shop/ada").expect(404);
    world.buyer().get(&format!("/product/{one}")).expect(200);
}

#[test]
fn many_products_are_shown_page_by_page() {
    let world = World::new();
    let ada = shop(&world);
    for n in 0..50 {
        product(&ada, json!({"title": format!("No. {n:02}."), "product_type": 4, "info": "x"}));
    }
    let titles = |path: &str| {
        let text = world.buyer().get(path).expect(200).text();
        (0..50).filter(|n| text.contains(&format!("No. {n:02}."))).count()
    };
    let counts = ["/shop/ada", "/shop/ada?page=2", "/shop/ada?page=3"].map(titles);
    assert_eq!(counts, [24, 24, 2]);
    shows(
        &world.buyer().get("/shop/ada?page=2").expect(200),
        &["Page 2 of 3", "/shop/ada?page=3", "href=\"/shop/ada\""],
    );
    world.buyer().get("/shop/ada?page=4").expect(404);
    world.buyer().get("/shop/ada?page=nonsense").expect(200);
}

#[test]
fn a_product_tells_what_a_buyer_wants_to_know() {
    let world = World::new();
    let ada = shop(&world);
    let custom = json!([
        {"name": "UID", "type": "number", "required": true}, {"name": "Server", "type": "select", "required": false, "options": ["EU", "US"]},
        {"name": "Gift", "type": "checkbox", "required": true}, {"name": "Note", "type": "text", "required": false},
    ]);
    let changed = json!({
        "custom": custom, "gateways": ["bitcoin", "ethereum", "stripe"], "maximum_quantity": 2,
        "volume_discounts": [{"quantity": 2, "percent": "12.5"}], "description": "One **key**",
    });
    let keys = product(&ada, changed);
    let page = world.buyer().get(&format!("/product/{keys}")).expect(200);
    shows(
        &page,
        &[
            "10.00 USD",
            "3 left",
            "12.5 % off from 2 on",
            "One <strong>key</strong>",
            "value=\"bitcoin\" required checked",
            "value=\"ethereum\" required",
            "name=\"custom[0]\"",
            "inputmode=\"decimal\"",
            "<option value=\"EU\">EU</option>",
            "name=\"custom[2]\" value=\"1\" required",
            "max=\"2\"",
            "name=\"email\" type=\"email\"",
            "name=\"coupon\"",
        ],
    );
    hides(&page, &["stripe", "<script"]);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"), "{policy}");
}

#[test]
fn what_buyers_said_of_a_product_is_counted_and_shown() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let say = |stars: u32, comment: &str| {
        let id = purchase::order(&ada, &keys);
        ada.simulate(&id, "exact", 1);
        let said = ada.post("/feedbacks", json!({"order_id": id, "stars": stars, "comment": comment})).expect(201);
        said.json()["id"].as_str().unwrap().to_owned()
    };
    let first = say(5, "Good <i>keys</i>");
    say(4, "");
    ada.post(&format!("/feedbacks/{first}/reply"), json!({"response": "Thank you"})).expect(200);
    let page = world.buyer().get(&format!("/product/{keys}")).expect(200);
    shows(&page, &["4.5 of 5 stars", "2 reviews", "Good &lt;i&gt;keys&lt;/i&gt;", "Thank you", "UTC</time>"]);
    world.db.change("UPDATE feedbacks SET stars = 1 WHERE stars = 4");
    assert_eq!(world.db.query("SELECT feedback_count, feedback_stars FROM products"), [["2", "6"]]);
}

#[test]
fn what_a_seller_writes_is_text_on_every_page() {
    let world = World::new();
    let ada = shop(&world);
    let evil = "\"><script>alert(1)</script>";
    ada.put("/account", json!({"shop": {"name": evil, "description": evil}})).expect(200);
    let custom = json!([{"name": evil, "type": "text", "required": false}, {"name": "x", "type": "select", "required": true, "options": [evil]}]);
    let keys = product(&ada, json!({"title": evil, "description": evil, "custom": custom}));
    let group = category(&ada, json!({"title": evil, "product_ids": [keys], "unlisted": false}));
    for path in [
        "/".into(),
        "/shop/ada".into(),
        "/shop/ada/contact".into(),
        format!("/category/{group}"),
        format!("/product/{keys}"),
    ] {
        let page = world.buyer().get(&path).expect(200);
        hides(&page, &["<script"]);
        shows(&page, &["&lt;script&gt;"]);
    }
}

#[test]
fn a_closed_shop_and_what_is_not_there_are_not_found() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    for path in
        ["/shop/nobody", "/product/00000000", "/product/x", "/product/0000000g", "/category/x", "/shop/ada/x", "/shop"]
    {
        let page = world.buyer().get(path).expect(404);
        shows(&page, &["There is nothing here"]);
    }
    assert_eq!(world.buyer().ask("DELETE", "/shop/ada").send().expect(405).header("allow"), Some("GET, HEAD"));
    assert_eq!(world.buyer().ask("HEAD", "/shop/ada").send().expect(200).text(), "");
    let id = world.db.one("SELECT id FROM accounts");
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let ask = world.ask("PUT", &format!("/admin/accounts/{id}")).header("authorization", bearer);
    ask.json(&json!({"disabled": true})).send().expect(200);
    for path in ["/shop/ada".to_owned(), format!("/product/{keys}")] {
        world.buyer().get(&path).expect(404);
    }
}

#[test]
fn numbers_are_written_as_the_language_writes_them() {
    let world = World::new();
    let ada = shop(&world);
    let discount = json!([{"quantity": 2, "percent": "12.5"}]);
    let keys = product(&ada, json!({"price": "1250.50", "volume_discounts": discount, "info": "A,B,C,D"}));
    for stars in [5, 4] {
        let id = purchase::order(&ada, &keys);
        ada.simulate(&id, "exact", 1);
        ada.post("/feedbacks", json!({"order_id": id, "stars": stars, "comment": ""})).expect(201);
    }
    let see = |language: &str, path: &str, parts: &[&str]| {
        shows(&world.buyer().ask("GET", path).header("accept-language", language).send().expect(200), parts);
    };
    let path = format!("/product/{keys}");
    see("de", &path, &["1.250,50 USD", ">4,5<", "12,5\u{a0}%"]);
    see("de", "/shop/ada", &["1.250,50 USD", ">4,5<"]);
    see("fr", &path, &["1\u{202f}250,50 USD", ">4,5<"]);
    see("en", &path, &["1250.50 USD", ">4.5<", "12.5"]);
    let form = "once=&quantity=2&email=b%40c.de&gateway=bitcoin&coupon=NONE&check=1";
    let page = world.buyer().ask("POST", &path).header("accept-language", "de");
    let page = page.header("content-type", "application/x-www-form-urlencoded").body(form).send();
    shows(&page, &["2.188,3"]);
}

#[test]
fn a_description_shows_pictures_of_its_own_seller_alone() {
    let world = World::new();
    let (ada, eve) = (shop(&world), world.seller_named("eve@example.com", true));
    let picture = |seller: &crate::actors::Seller<'_>| {
        let made = product(seller, json!({}));
        let put = seller.ask("PUT", &format!("/products/{made}/image")).header("content-type", "image/png");
        let made = put.body(super::settings::LOGO).send().expect(200).json();
        made["image"]["id"].as_str().unwrap().to_owned()
    };
    let (own, other) = (picture(&ada), picture(&eve));
    let logo = ada.ask("PUT", "/account/logo").header("content-type", "image/png").body(super::settings::LOGO).send();
    let logo = logo.expect(200).json()["shop"]["logo"]["id"].as_str().unwrap().to_owned();
    let text = format!("![mine](/images/{own}) ![hers](https://x.example/images/{other}) ![the logo](/images/{logo})");
    let keys = product(&ada, json!({"description": text}));
    ada.put("/account", json!({"shop": {"description": text}})).expect(200);
    let page = |path: &str| world.buyer().get(path).expect(200);
    for path in [format!("/product/{keys}"), "/shop/ada".to_owned()] {
        let page = page(&path);
        shows(
            &page,
            &[&format!("src=\"/images/{own}\" alt=\"mine\""), " hers ", &format!("/images/{logo}\" alt=\"the logo\"")],
        );
        hides(&page, &[&other]);
    }
    // What was saved before it was uploaded is shown once it is saved again.
    let early = format!("![now](/images/{})", "0".repeat(40) + "/" + &"0".repeat(40));
    let keys = product(&ada, json!({"description": early}));
    hides(&page(&format!("/product/{keys}")), &["alt=\"now\""]);
    let plain = json!({"title": "No pictures", "description": "one", "price": 1, "currency": "EUR", "gateways": ["bitcoin"], "product_type": 4, "info": "x"});
    assert_eq!(world.trips(|| ada.post("/products", plain).expect(201)), 1, "without pictures nothing is looked up");
}

#[test]
fn what_goes_wrong_on_a_shops_page_names_the_shop_and_leads_to_its_contact() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let path = format!("/product/{keys}");
    world.buyer().get(&path).expect(200);
    world.db.break_read();
    let page = super::send(&world.buyer(), &keys, "", "").expect(500);
    shows(&page, &["Something broke on our side", "Ada's Apps", "href=\"/shop/ada/contact\"", "href=\"/shop/ada\""]);
    shows(&world.buyer().get("/shop/ada/x").expect(404), &["There is nothing here", "href=\"/shop/ada/contact\""]);
    ada.put("/account", json!({"shop": {"listed": false}})).expect(200);
    hides(&world.buyer().get("/shop/ada").expect(404), &["Ada's Apps"]);
}
