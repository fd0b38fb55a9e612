//! What is sealed, and how it comes under another key: the operator puts a new one in front, rotates, and takes the old
//! one out. Nothing is lost at any moment of it.

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller, XPUB, YPUB, ZPUB, payment},
    webhook::delivery::{HOOK, sent},
    world::{ADMIN_TOKEN, Counts, KEY_A, KEY_B, World},
};

fn call(world: &World, after: &Value) -> Reply {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    world.ask("POST", "/admin/vault/rotate").header("authorization", bearer).json(&json!({"after": after})).send()
}

/// As the command does: calls until there is nothing behind. Answers how many were sealed anew, and the names of those that
/// no key opens.
fn rotate(world: &World) -> (i64, Vec<String>) {
    let (mut resealed, mut unopened, mut after) = (0, Vec::new(), Value::Null);
    for _ in 0..100 {
        let turn = call(world, &after).expect(200).json();
        resealed += turn["resealed"].as_i64().unwrap();
        unopened.extend(turn["unopened"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        after = turn["after"].clone();
        if after.is_null() {
            return (resealed, unopened);
        }
    }
    panic!("it never ends");
}

/// Every sealed text of the database: `id.nonce.ciphertext`, wherever it stands.
fn sealed(world: &World, id: &str) -> usize {
    let dump = world.db.dump();
    let is_sealed_text = |token: &&str| {
        let parts: Vec<&str> = token.split('.').collect();
        parts.len() == 3 && parts[0] == id && parts[1].len() == 16 && parts[2].len() >= 22
    };
    dump.split(|c: char| !c.is_ascii_alphanumeric() && !".-_".contains(c)).filter(is_sealed_text).count()
}

const CLIENT_SECRET: &str = "EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT";

/// Two accounts with everything that is ever sealed: wallets, one of them replaced, settings, secrets that were replaced,
/// and an answer that is kept.
fn full(world: &World) -> [Seller<'_>; 2] {
    world.coinbase(json!({"USD": "50000"}));
    world.web.says(HOOK, 200);
    let ada = world.seller_named("ada@example.com", false);
    let eve = world.seller_named("eve@example.com", true);
    for (seller, xpubs) in [(&ada, [ZPUB, YPUB]), (&eve, [YPUB, XPUB])] {
        for xpub in xpubs {
            seller.put("/account", json!({"gateways": {"bitcoin": {"xpub": xpub}}})).expect(200);
        }
        let paypal = json!({"email": "money@ada.example", "client_secret": CLIENT_SECRET});
        seller.put("/account", json!({"gateways": {"paypal": paypal}})).expect(200);
        seller.post("/account/webhook_secret", json!({})).expect(201);
        seller.post("/account/webhook_secret", json!({})).expect(201);
        seller.endpoint(HOOK, &["order:created"]);
        keyed(seller).expect(201);
    }
    [ada, eve]
}

fn keyed(seller: &Seller<'_>) -> Reply {
    seller.ask("POST", "/pay").header("idempotency-key", "a key").json(&payment(json!({}))).send()
}

#[test]
fn after_a_rotation_the_old_key_can_go_and_everything_still_opens() {
    let world = World::with(&[("VAULT_KEY", KEY_A)]);
    let sellers = full(&world);
    let first: Vec<_> = sellers.iter().map(|seller| keyed(seller).text()).collect();
    let profiles: Vec<_> = sellers.iter().map(|seller| seller.get("/account").json()).collect();
    let count = sealed(&world, "a");
    // Of each: three secrets, three wallets or two, two settings, an answer; a test account has a wallet of each coin.
    assert_eq!(count, 2 * (3 + 2 * 2 + 2 + 1) + 3 * 2);

    let both = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    let (resealed, unopened) = rotate(&both);
    // A row of two secrets that were replaced is one.
    assert_eq!((resealed, unopened), (count as i64 - 2, Vec::new()));
    assert_eq!((sealed(&both, "a"), sealed(&both, "b")), (0, count));
    assert_eq!(rotate(&both), (0, Vec::new()), "a second time there is nothing to do");

    let after = world.redeployed(&[("VAULT_KEY", KEY_B)]);
    for ((seller, profile), first) in sellers.iter().zip(profiles).zip(first) {
        let seller = seller.at(&after);
        assert_eq!(seller.get("/account").expect(200).json(), profile);
        assert_eq!(keyed(&seller).expect(201).text(), first);
        seller.white_label(json!({}));
    }
    after.run_jobs();
    let signatures: Vec<_> =
        sent(&after).iter().map(|sent| sent.header("webhook-signature").split(' ').count()).collect();
    assert_eq!(signatures, [3, 3], "with all three secrets");
    let without = world.redeployed(&[("VAULT_KEY", KEY_A)]);
    sellers[0].at(&without).get("/account").expect(500);
}

#[test]
fn what_changes_while_it_is_sealed_anew_stays_as_it_was_changed() {
    let world = World::with(&[("VAULT_KEY", KEY_A)]);
    let [ada, _] = full(&world);
    let both = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    let db = world.db.clone();
    // Just before the second commit, which is that of the old secrets, all that there are change.
    let change = "UPDATE shops SET webhook_secrets_old = NULL";
    world.db.before_commit(2, move || db.change(change));
    assert_eq!(call(&both, &Value::Null).expect(200).json()["resealed"], 1);
    let turn = call(&both, &json!("DB shops.webhook_secrets_old -1")).expect(200).json();
    assert_eq!((&turn["resealed"], &turn["unopened"]), (&json!(0), &json!([])));
    assert_eq!(world.db.one("SELECT COUNT(*) FROM shops WHERE webhook_secrets_old IS NOT NULL"), "0");
    rotate(&both);
    ada.at(&world.redeployed(&[("VAULT_KEY", KEY_B)])).get("/account").expect(200);
}

#[test]
fn rows_that_no_key_opens_are_named_without_what_is_in_them_and_stop_no_others() {
    let world = World::with(&[("VAULT_KEY", KEY_A)]);
    let [ada, eve] = full(&world);
    let id = world.db.one("SELECT id FROM accounts WHERE email = 'ada@example.com'");
    // More than one call looks at: settings of a gateway to come, under a key that is gone; and one that was moved here.
    for n in 0..120 {
        let value = if n == 60 {
            "a.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA"
        } else {
            "gone.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA"
        };
        world.db.change_in(0, &format!("INSERT INTO gateway_settings VALUES ({id}, 'future', 'n{n:03}', '{value}')"));
    }
    let both = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    let (resealed, unopened) = rotate(&both);
    assert_eq!(resealed, 24);
    assert_eq!(unopened.len(), 120);
    assert_eq!(unopened[60], format!("DB gateway_settings.value {id} future.n060"));
    assert!(!unopened.concat().contains("AAAA"));
    assert_eq!(rotate(&both), (0, unopened));
    for seller in [ada, eve] {
        seller.at(&world.redeployed(&[("VAULT_KEY", KEY_B)])).get("/account").expect(200);
    }
}

#[test]
fn a_call_is_two_trips_and_looks_at_fifty_rows_however_many_there_are() {
    let world = World::with(&[("VAULT_KEY", KEY_A)]);
    // All in the first shard.
    world.db.change_in(0, "INSERT INTO shards (name, accounts) VALUES ('DB_1', 900), ('DB_2', 900)");
    for n in 0..120 {
        world.seller_named(&format!("{n}@example.com"), false);
    }
    let both = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    let mut after = Value::Null;
    let mut steps = Vec::new();
    for resealed in [50, 50, 20] {
        let before = world.db.steps();
        let (counts, turn) = both.count(|| call(&both, &after).expect(200).json());
        steps.push(world.db.steps() - before);
        assert_eq!(counts, Counts { reads: 1, commits: 1, statements: 2 + resealed as u32, fetches: 0 });
        assert_eq!(turn["resealed"], resealed);
        after = turn["after"].clone();
    }
    assert_eq!(after, "DB shops.webhook_secrets_old -1");
    assert_eq!(both.trips(|| call(&both, &after).expect(200)), 1, "where there is nothing to do");
    // It reads no row that it doesn't show, nor those before it.
    assert!(steps.iter().all(|steps| *steps < 120 * 120), "{steps:?}");
}

#[test]
fn only_the_operator_rotates_and_from_a_row_that_there_is() {
    let world = World::new();
    world.seller();
    world.ask("POST", "/admin/vault/rotate").send().expect(401);
    world.ask("GET", "/admin/vault/rotate").send().expect(405);
    world.ask("POST", "/admin/vault").send().expect(404);
    for after in [
        "x",
        "DB",
        "DB shops.webhook_secret",
        "DB shops.webhook_secret x",
        "DB shops.email 1",
        "DB_9 shops.webhook_secret 1",
    ] {
        assert_eq!(call(&world, &json!(after)).errors(), ["After names no row"], "{after}");
    }
    for after in ["DB shops.webhook_secret 5 '; DROP TABLE shops", "DB wallets.xpub 9007199254740991 z"] {
        call(&world, &json!(after)).expect(200);
    }
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let bare = world.ask("POST", "/admin/vault/rotate").header("authorization", bearer).send().expect(200);
    assert_eq!(bare.json(), json!({"resealed": 0, "unopened": [], "after": "DB shops.webhook_secrets_old -1"}));
}

/// Whoever seals something new names it in `SEALED` (`src/shop/vault/rotate.rs`), and its file here.
#[test]
fn every_place_where_something_is_sealed_is_known_to_the_rotation() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shop");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let calls = std::fs::read_to_string(&path).unwrap().matches("vault::seal(").count();
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.extend((calls > 0).then(|| format!("{name} {calls}")));
            }
        }
    }
    found.sort();
    assert_eq!(
        found,
        ["account/secret.rs 1", "gateway/settings.rs 1", "gateway/wallet.rs 1", "idempotency.rs 1", "webhook/key.rs 1"]
    );
}

#[test]
fn a_call_reads_a_thousand_rows_at_most_and_a_row_is_found_by_its_key() {
    let steps = [500, 4_000].map(|rows| {
        let world = World::with(&[("VAULT_KEY", KEY_A)]);
        let ada = world.seller();
        keyed(&ada).expect(201);
        // Answers that are sealed under the new key already, before the one that is not.
        world.db.change_in(
            0,
            &format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
                 INSERT INTO idempotency (account_id, key, request, status, body, created_at)
                 SELECT account_id, printf(' %05d', n), 'r', 201, 'b.AAAA.AAAA', 0 FROM shops, n"
            ),
        );
        let both = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
        let (mut after, mut most, mut resealed) = (json!("DB idempotency.body -1"), 0, 0);
        while after.as_str().is_some_and(|after| after.starts_with("DB idempotency")) {
            let before = world.db.steps();
            let turn = call(&both, &after).expect(200).json();
            most = most.max(world.db.steps() - before);
            resealed += turn["resealed"].as_i64().unwrap();
            after = turn["after"].clone();
        }
        assert_eq!(resealed, 1, "{rows}");
        most
    });
    assert!(steps[1] < 60_000, "{steps:?}");
}
