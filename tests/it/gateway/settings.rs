//! Settings of gateways: kept sealed, shown masked, and payments go through each that is set up.

use serde_json::{Value, json};

use crate::{
    actors::{ORIGIN, Seller, XPUB},
    world::{KEY_A, KEY_B, SECOND, World},
};

const CLIENT_ID: &str = "AeA1QIZXiflr1_-fN4rc0N8Nd0GEiGaCvIA9a3A8RNlcEbPaUcz2";
const CLIENT_SECRET: &str = "EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT";

// Written in two parts, so that nobody takes them for keys that somebody lost.
fn live_key() -> String {
    ["sk_", "live_51HxxAbCdEfGhIjKlMnOpQrS"].concat()
}

fn test_key() -> String {
    ["rk_", "test_51HxxAbCdEfGhIjKlMnOpQrS"].concat()
}

fn signing_secret() -> String {
    ["whsec", "_Zm9vYmFyYmF6cXV4cXV1V1eA"].concat()
}

/// Where the gateway's notifications about this seller's orders go.
fn notify(seller: &Seller<'_>, gateway: &str) -> String {
    let id = seller.world.db.one(&format!("SELECT id FROM accounts WHERE email = '{}'", seller.email));
    format!("{ORIGIN}/gateways/{gateway}/{id}")
}

fn put(seller: &Seller<'_>, gateways: Value) -> Value {
    seller.put("/account", json!({"gateways": gateways})).expect(200).json()["gateways"].clone()
}

#[test]
fn settings_are_kept_sealed_and_what_is_secret_of_them_is_shown_masked() {
    let world = World::new();
    let ada = world.seller_named("ada@example.com", false);
    world.advance(SECOND);
    let body = json!({"gateways": {
        "paypal": {"email": "money@ada.example", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        "stripe": {"secret_key": live_key(), "webhook_secret": signing_secret()},
    }});
    let reply = ada.put("/account", body).expect(200);
    let expected = json!({
        "paypal": {"email": "money@ada.example", "client_id": CLIENT_ID, "client_secret": "…4PTT", "webhook_id": null, "notify_url": notify(&ada, "paypal")},
        "stripe": {"secret_key": "sk_live_…pQrS", "webhook_secret": "whsec_…V1eA", "notify_url": notify(&ada, "stripe")},
    });
    assert_eq!(reply.json()["gateways"], expected);
    assert_eq!(reply.json()["updated_at"], "2023-11-15T00:00:01.000+00:00");
    let read = ada.get("/account").expect(200);
    assert_eq!(read.json(), reply.json());
    for secret in [CLIENT_SECRET, &live_key(), &signing_secret()] {
        for said in [&reply.text(), &read.text(), &world.db.dump(), &world.log.text()] {
            assert!(!said.contains(secret) && !said.contains(&secret[8..20]), "{said}");
        }
    }
    assert!(!world.db.dump().contains("money@ada.example"));
}

#[test]
fn only_what_is_sent_is_changed_and_null_takes_it_away() {
    let world = World::new();
    let ada = world.seller();
    put(&ada, json!({"paypal": {"email": "a@b.co", "client_id": CLIENT_ID}}));
    let gateways = put(&ada, json!({"paypal": {"email": "c@d.ef"}, "stripe": {"secret_key": test_key()}}));
    assert_eq!(
        gateways["paypal"],
        json!({"email": "c@d.ef", "client_id": CLIENT_ID, "client_secret": null, "webhook_id": null, "notify_url": notify(&ada, "paypal")})
    );
    assert_eq!(
        gateways["stripe"],
        json!({"secret_key": "rk_test_…pQrS", "webhook_secret": null, "notify_url": notify(&ada, "stripe")})
    );
    let gateways = put(&ada, json!({"paypal": {"client_id": null}, "litecoin": null, "ethereum": null}));
    assert_eq!(
        gateways["paypal"],
        json!({"email": "c@d.ef", "client_id": null, "client_secret": null, "webhook_id": null, "notify_url": notify(&ada, "paypal")})
    );
    let gateways = put(&ada, json!({"paypal": {"email": ""}}));
    assert_eq!((&gateways["paypal"], gateways["stripe"].is_object()), (&Value::Null, true), "a form can't say null");
    let gateways = put(&ada, json!({"stripe": null}));
    assert_eq!((&gateways["stripe"], gateways["bitcoin"].is_object()), (&Value::Null, true));
    assert_eq!(world.db.rows_in("gateway_settings"), 0);
    let body = "account[gateways][paypal][email]=form%40ada.example";
    ada.ask("PUT", "/account").body(body).send().expect(200);
    assert_eq!(ada.get("/account").json()["gateways"]["paypal"]["email"], "form@ada.example");
}

#[test]
fn settings_that_cannot_be_right_are_refused_all_at_once_and_not_repeated() {
    let world = World::new();
    let ada = world.seller_named("ada@example.com", false);
    let before = world.db.dump();
    let reply = ada.put(
        "/account",
        json!({"shop_name": "", "gateways": {
            "bitcoin": {"xpub": "xpub"},
            "dogecoin": {"xpub": XPUB},
            "ethereum": {"address": "0x9858EfFD232B4033E47d90003D41EC34EcaEda95"},
            "paypal": {"email": "nobody", "client_id": "short", "client_secret": "has a space in it somewhere", "webhook_id": "WH 1"},
            "stripe": {"secret_key": "pk_live_51HxxAbCdEfGhIjKlMnOpQrS", "webhook_secret": 7},
        }}),
    );
    let sentences = [
        "Shop name can't be blank",
        "Gateways bitcoin xpub is not a valid extended public key",
        "Gateways dogecoin is not supported",
        "Gateways ethereum address has a typing error (its checksum does not match)",
        "Gateways paypal email is not a valid email address",
        "Gateways paypal client id is not a client ID of a PayPal REST app",
        "Gateways paypal client secret is not a secret of a PayPal REST app",
        "Gateways paypal webhook id is not an ID of a webhook at PayPal",
        "Gateways stripe secret key is not a Stripe key that begins with sk_live_, sk_test_, rk_live_ or rk_test_",
        "Gateways stripe webhook secret is not a Stripe signing secret that begins with whsec_",
    ];
    assert_eq!(reply.errors(), sentences);
    assert!(!reply.text().contains("51Hxx") && !reply.text().contains("a space"));
    for gateway in ["paypal", "stripe"] {
        let reply = ada.put("/account", json!({"gateways": {gateway: "x"}}));
        assert_eq!(reply.errors(), [format!("Gateways {gateway} must be an object")]);
    }
    for bad in
        ["sk_live_", "sk_live_short", "sk_live_…pQrS", "SK_LIVE_51HxxAbCdEfGhIjKlMnOpQrS", "51HxxAbCdEfGhIjKlMnOpQrS"]
    {
        assert_eq!(
            ada.put("/account", json!({"gateways": {"stripe": {"secret_key": bad}}})).errors().len(),
            1,
            "{bad}"
        );
    }
    assert_eq!(world.db.dump(), before, "a masked key that is sent back is not stored for the key");
}

#[test]
fn stripes_test_mode_is_refused_where_real_money_is_taken_and_only_there() {
    let key = json!({"gateways": {"stripe": {"secret_key": test_key()}}});
    let world = World::new();
    let refused = world.seller_named("grace@example.com", false).put("/account", key.clone());
    let sentence = "Gateways stripe secret key belongs to Stripe's test mode, and this shop takes real money";
    assert_eq!(refused.errors(), [sentence]);
    world.seller().put("/account", key.clone()).expect(200);
    let world = World::with(&[("BITCOIN_NETWORK", "regtest")]);
    world.seller_named("grace@example.com", false).put("/account", key).expect(200);
}

#[test]
fn all_gateways_of_the_contract_take_payments_once_they_are_set_up() {
    let world = World::new();
    let ada = world.seller_named("ada@example.com", false);
    assert_eq!(
        ada.get("/account").json()["takes_payments"],
        json!({"bitcoin": true, "litecoin": true, "ethereum": true, "paypal": true, "stripe": true})
    );
    for gateway in ["Bitcoin", "PayPal", "Stripe", "Litecoin", "Ethereum"] {
        assert_eq!(ada.pay(json!({"gateway": gateway})).errors(), ["Gateway is not configured"]);
    }
    put(&ada, json!({"paypal": {"email": "a@b.co"}, "stripe": {"secret_key": live_key()}, "litecoin": {"xpub": XPUB}}));
    for gateway in ["PayPal", "Stripe", "Litecoin"] {
        ada.pay(json!({"gateway": gateway})).expect(201);
    }
}

#[test]
fn stripes_live_mode_is_refused_where_no_money_moves() {
    let world = World::new();
    let refused = world.seller().put("/account", json!({"gateways": {"stripe": {"secret_key": live_key()}}}));
    let sentence = "Gateways stripe secret key belongs to Stripe's live mode, and this account moves no money";
    assert_eq!(refused.errors(), [sentence]);
}

#[test]
fn settings_are_the_accounts_own_and_follow_a_replaced_vault_key() {
    let world = World::with(&[("VAULT_KEY", KEY_A)]);
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    put(&ada, json!({"paypal": {"email": "a@b.co"}}));
    assert!(eve.get("/account").json()["gateways"]["paypal"].is_null());
    put(&eve, json!({"paypal": null}));
    assert_eq!(ada.get("/account").json()["gateways"]["paypal"]["email"], "a@b.co");
    let replaced = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    assert_eq!(ada.at(&replaced).get("/account").json()["gateways"]["paypal"]["email"], "a@b.co");
    assert_eq!(world.trips(|| ada.get("/account").expect(200)), 1);
    assert_eq!(world.trips(|| put(&ada, json!({"paypal": {"email": "c@d.ef"}}))), 2, "written, and read whole");
}
