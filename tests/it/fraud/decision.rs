//! Which of the deciders decides.

use serde_json::json;

use super::{WAYS, begin, block, newest, newest_order, risk, rule, shop, statuses};
use crate::{
    purchase,
    world::{DAY, World},
};

#[test]
fn each_decider_refuses_on_each_way_and_says_why() {
    for way in WAYS {
        let world = World::new();
        let (ada, product) = shop(&world);
        let (made, refused) = statuses(way);
        begin(&world, &ada, &product, way).expect(made);
        assert_eq!(world.db.rows_in("orders"), 1, "{way}");

        let by_rule = rule(&ada, "block", r#"customer.email_domain == "example.com" and order.value >= 10"#);
        begin(&world, &ada, &product, way).expect(refused);
        assert_eq!(newest(&ada)["risk"]["decided_by"], json!({"type": "rule", "id": by_rule["id"]}), "{way}");
        ada.delete(&format!("/blacklist_rules/{}", by_rule["id"].as_str().unwrap())).expect(204);

        for (kind, data) in [(1, "Bob+spam@example.com"), (1, "*@example.com"), (2, "203.0.113.0/24")] {
            // A plus is part of an address where its provider doesn't say otherwise.
            let (status, listed) = if data.contains('+') { (made, false) } else { (refused, true) };
            let entry = block(&ada, kind, data);
            begin(&world, &ada, &product, way).expect(status);
            if listed {
                let decided = &newest(&ada)["risk"]["decided_by"];
                assert_eq!(*decided, json!({"type": "blacklist", "id": entry["id"]}), "{way} {data}");
            }
            ada.delete(&format!("/blacklist/{}", entry["id"].as_str().unwrap())).expect(204);
        }
        if way != "white-label" {
            let entry = block(&ada, 3, "SE");
            begin(&world, &ada, &product, way).expect(refused);
            assert_eq!(newest(&ada)["risk"]["decided_by"]["id"], entry["id"], "{way}");
            ada.delete(&format!("/blacklist/{}", entry["id"].as_str().unwrap())).expect(204);
        }
        assert_eq!(world.db.rows_in("orders"), 2, "{way}: none of the refused became an order");
        assert_eq!(world.db.rows_in("holds"), 0, "{way}");
        begin(&world, &ada, &product, way).expect(made);
    }
}

#[test]
fn a_product_that_takes_no_vpn_refuses_them_and_a_risky_buyer_is_held() {
    for way in WAYS {
        let world = World::new();
        let (ada, product) = shop(&world);
        let (made, refused) = statuses(way);
        world.list("vpn", "203.0.113.0/24\n");
        begin(&world, &ada, &product, way).expect(made);
        let order = newest_order(&world);
        assert_eq!((ada.status(&order), ada.order(&order)["risk_level"].clone()), (0, json!(25)), "{way}");

        ada.put(&format!("/products/{product}"), json!({"vpn_block": true})).expect(200);
        begin(&world, &ada, &product, way).expect(refused);
        assert_eq!(newest(&ada)["risk"]["decided_by"], json!({"type": "vpn_block", "id": null}), "{way}");

        ada.put(&format!("/products/{product}"), json!({"vpn_block": false, "max_risk_level": 24})).expect(200);
        world.advance(1);
        begin(&world, &ada, &product, way).expect(made);
        let order = newest_order(&world);
        assert_eq!(ada.status(&order), 52, "{way}");
        let risk = risk(&ada, &order);
        assert_eq!((&risk["outcome"], &risk["decided_by"]["type"]), (&json!("review"), &json!("risk_level")), "{way}");
    }
}

#[test]
fn rules_are_tried_by_priority_and_the_first_that_matches_ends_it() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let blocked = rule(&ada, "block", "order.value > 5");
    let allowed = rule(&ada, "allow", r#"customer.email == "bob@example.com""#);
    begin(&world, &ada, &product, "white-label").expect(403);
    assert_eq!(newest(&ada)["risk"]["rules"].as_array().unwrap().len(), 1, "the second wasn't tried");
    // The friend first: then neither rule, blacklist nor limits matter.
    let path = format!("/blacklist_rules/{}", blocked["id"].as_str().unwrap());
    ada.put(&path, json!({"priority": 100})).expect(200);
    block(&ada, 1, "bob@example.com");
    ada.put(&format!("/products/{product}"), json!({"vpn_block": true, "max_risk_level": 0})).expect(200);
    world.list("tor", "203.0.113.7\n");
    begin(&world, &ada, &product, "storefront").expect(303);
    let order = newest_order(&world);
    let risk = risk(&ada, &order);
    assert_eq!((&risk["outcome"], &risk["decided_by"]["id"]), (&json!("allowed"), &allowed["id"]));
    assert_eq!((ada.status(&order), &risk["risk_level"]), (0, &json!(50)), "the level is told all the same");
    assert_eq!(risk["entries"].as_array().unwrap().len(), 1, "and what it was on");
}

#[test]
fn a_rule_that_is_off_or_over_and_an_entry_that_is_over_refuse_nobody() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let made = rule(&ada, "block", "order.quantity == 1");
    let path = format!("/blacklist_rules/{}", made["id"].as_str().unwrap());
    begin(&world, &ada, &product, "white-label").expect(403);
    ada.put(&path, json!({"enabled": false})).expect(200);
    begin(&world, &ada, &product, "white-label").expect(201);
    let tomorrow = pushguard::shop::time::wire(world.now() + DAY);
    ada.put(&path, json!({"enabled": true, "expires_at": tomorrow})).expect(200);
    let entry = json!({"blacklist_type": 1, "blocked_data": "bob@example.com", "expires_at": tomorrow});
    ada.post("/blacklist", entry).expect(201);
    begin(&world, &ada, &product, "white-label").expect(403);
    world.advance(DAY);
    begin(&world, &ada, &product, "white-label").expect(201);
}

#[test]
fn another_accounts_rules_and_entries_never_matter() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let eve = world.seller_named("eve@example.com", true);
    rule(&eve, "block", "order.quantity >= 1");
    block(&eve, 1, "bob@example.com");
    block(&eve, 2, "203.0.113.7");
    block(&eve, 3, "SE");
    for way in WAYS {
        begin(&world, &ada, &product, way).expect(statuses(way).0);
    }
    assert_eq!(eve.get("/blocked").expect(200).json(), json!([]));
    let order = newest_order(&world);
    eve.get(&format!("/orders/{order}/risk")).expect(404);
    let own = purchase::product(&eve, json!({"product_type": 4}));
    begin(&world, &eve, &own, "white-label").expect(403);
    let number = newest(&eve)["id"].as_str().unwrap().to_owned();
    ada.get(&format!("/blocked/{number}")).expect(404);
    eve.get(&format!("/blocked/{number}")).expect(200);
}

#[test]
fn an_order_by_api_is_judged_by_the_address_that_its_seller_passes() {
    let world = World::new();
    let (ada, product) = shop(&world);
    block(&ada, 2, "198.51.100.9");
    // The seller's own server stands there.
    let fields = json!({"product_id": product, "gateway": "Bitcoin", "white_label": true, "ip_address": "203.0.113.7"});
    ada.ask("POST", "/pay").header("cf-connecting-ip", "198.51.100.9").json(&fields).send().expect(201);
    let fields =
        json!({"product_id": product, "gateway": "Bitcoin", "white_label": true, "ip_address": "198.51.100.9"});
    let refused = ada.ask("POST", "/pay").header("cf-connecting-ip", "203.0.113.7").json(&fields).send().expect(403);
    let number = newest(&ada)["id"].as_str().unwrap().to_owned();
    assert_eq!(refused.json()["message"], format!("Order is blocked (GET /blocked/{number} says why)"));
}

#[test]
fn a_rule_reads_what_the_order_is_for() {
    let world = World::new();
    let ada = crate::storefront::shop(&world);
    let custom = json!([{"name": "Server", "type": "text", "required": true}]);
    let product = purchase::product(&ada, json!({"product_type": 4, "custom": custom, "title": "Ära"}));
    let category = ada.post("/categories", json!({"title": "Games", "product_ids": [product]})).expect(201).json();
    ada.post("/coupons", json!({"code": "TEN", "discount": "10", "discount_type": "percent"})).expect(201);
    let facts = [
        r#"custom["Server"] == "EU 1""#.to_owned(),
        format!(r#"product.category_ids contains "{}""#, category["id"].as_str().unwrap()),
        r#"product.title == "Ära" and product.type == 4"#.to_owned(),
        format!(r#"product.id == "{product}""#),
        r#"order.coupon == "TEN" and order.value == 18 and order.quantity == 2"#.to_owned(),
        r#"order.usd_value eq 18.00 and order.currency eq "USD" and order.gateway eq "bitcoin""#.to_owned(),
        "order.hour == 0 and order.weekday == 3".to_owned(),
        r#"customer.country_code == "SE" and customer.ip_address in {203.0.113.0/24}"#.to_owned(),
        r#"customer.email == "bob@example.com" and customer.user_agent contains "Lynx""#.to_owned(),
        "customer.order_count == 0 and customer.paid_count == 0 and customer.disputed_count == 0".to_owned(),
        "risk.level < 30".to_owned(),
    ];
    for fact in facts {
        let made = rule(&ada, "block", &fact);
        let form = "quantity=2&custom[0]=EU+1&coupon=ten";
        let reply = crate::storefront::buy(&world.buyer(), &product, form);
        assert_eq!(reply.status(), 403, "{fact}: {}", newest(&ada));
        ada.delete(&format!("/blacklist_rules/{}", made["id"].as_str().unwrap())).expect(204);
    }
    assert_eq!(world.db.rows_in("orders"), 0);
}
