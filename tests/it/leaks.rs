//! That a secret which is told is noticed, whoever tells it (`world/secrets.rs`); all other tests rely on that.

use pushguard::platform::{Log as _, LogLine};
use serde_json::json;

use crate::{
    actors::{XPUB, YPUB, ZPUB, basic},
    world::{ADMIN_TOKEN, KEY_A, KEY_B, World, secrets_in},
};

#[test]
#[should_panic(expected = "secrets were told: a webhook secret in the log")]
fn a_secret_in_a_line_of_the_log_fails_the_test() {
    let world = World::new();
    let ada = world.seller();
    world.log.write(LogLine::warn("test").because(format!("the secret {} does not open", ada.secret)));
}

#[test]
#[should_panic(expected = "secrets were told: an API key in the answer to Get /api/v2/account")]
fn a_secret_in_an_answer_fails_the_test() {
    let world = World::new();
    let ada = world.seller();
    // An answer has what the shop is called.
    world.db.change(&format!("UPDATE shops SET shop_name = '{}'", ada.key));
    ada.get("/account").expect(200);
}

#[test]
#[should_panic(expected = "secrets were told: the operator's token in the answer to Post /admin/accounts")]
fn where_one_secret_is_shown_on_purpose_another_still_fails_the_test() {
    let world = World::new();
    let fields = json!({"email": "ada@example.com", "shop_name": ADMIN_TOKEN});
    world.create_account(fields).expect(201);
    world.told.hear("Post", "/admin/accounts", &format!("{{\"token\":\"{ADMIN_TOKEN}\"}}"));
}

#[test]
fn every_secret_of_these_tests_is_known_and_what_is_masked_is_none() {
    let world = World::new();
    let ada = world.seller();
    let key = |text: &str| text.split_once(':').unwrap().1.to_owned();
    for secret in [
        &ada.key,
        &ada.secret,
        ADMIN_TOKEN,
        &key(KEY_A),
        &key(KEY_B),
        ZPUB,
        YPUB,
        XPUB,
        &["sk_", "live_51HxxAbCdEfGhIjKl"].concat(),
    ] {
        assert_eq!(secrets_in(&format!("{{\"a\":\"{secret}\"}}")).len(), 1, "{secret}");
    }
    for masked in
        ["sk_live_…pQrS", "whsec_…V1eA", "zpub6rFR…utGZYs", "begins with sk_live_, sk_test_, rk_live_ or rk_test_"]
    {
        assert!(secrets_in(masked).is_empty(), "{masked}");
    }
}

#[test]
fn whatever_a_seller_entrusts_is_never_told_by_what_goes_wrong() {
    let world = World::new();
    let ada = world.seller_named("ada@example.com", false);
    let stripe = ["rk_", "live_51HxxAbCdEfGhIjKlMnOpQrS"].concat();
    let xprv = "zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE";
    let whole = |xpub: &str| json!({"gateways": {"bitcoin": {"xpub": xpub}, "stripe": {"secret_key": stripe, "webhook_secret": ada.secret}}});
    ada.put("/account", whole(xprv)).expect(400);
    ada.put("/account", whole(ZPUB)).expect(200);
    // Every kind of trouble: a broken database, a key that is gone, bodies and headers that are no such thing.
    world.db.break_read();
    ada.get("/account").expect(500);
    world.db.mend();
    ada.at(&world.redeployed(&[("VAULT_KEY", KEY_B)])).get("/account").expect(500);
    for body in [format!("{{\"gateways\":\"{stripe}\""), format!("{stripe}={stripe}&%"), stripe.clone()] {
        ada.ask("PUT", "/account").body(body).send();
    }
    ada.get(&format!("/orders/{}", ada.key)).expect(404);
    for authorization in [basic(&ada.email, &ada.secret), format!("Bearer {}", ada.key), ada.key.clone()] {
        world.ask("GET", "/api/v2/account").header("authorization", authorization).send().expect(401);
    }
    world.ask("POST", &format!("/admin/{ADMIN_TOKEN}")).header("authorization", ADMIN_TOKEN).send().expect(404);
}
