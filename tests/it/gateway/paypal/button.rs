//! The button: what a notice makes of an order, in whatever order and however often it comes; and what is not believed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::scene::{SELLER, exceptions, happens, ipn, paid_events, started, tell, with_button};
use crate::{
    actors::ORIGIN,
    world::{CLIENT_ID, CLIENT_SECRET, Counts, HOUR, IPN, MINUTE, World},
};

type Fields<'a> = &'a [(&'a str, &'a str)];
/// What an IPN says instead, and the order's status then.
type Story = Vec<(Vec<(&'static str, &'static str)>, i64)>;

fn params(url: &str) -> Vec<(String, String)> {
    url::Url::parse(url).expect("a URL").query_pairs().into_owned().collect()
}

fn param(url: &str, name: &str) -> String {
    params(url).into_iter().find(|(known, _)| known == name).map(|(_, value)| value).expect("it is there")
}

#[test]
fn the_button_leads_to_paypals_page_with_the_price_of_it_all() {
    let world = World::new();
    let ada = with_button(&world);
    let title = "“Grüße” & so on, ".repeat(14);
    let (link, url) = started(&world, &ada, json!({"quantity": 3, "title": title}));
    assert!(url.starts_with("https://www.sandbox.paypal.com/cgi-bin/webscr?cmd=_xclick&"), "{url}");
    let page = format!("{ORIGIN}{}", link.order());
    let id = world.db.one("SELECT account_id FROM shops");
    let notify = format!("{ORIGIN}/gateways/paypal/{id}");
    let name: String = format!("3 × {title}").chars().take(127).collect();
    let expected = [
        ("cmd", "_xclick"),
        ("business", SELLER),
        ("item_name", &name),
        ("amount", "10.00"),
        ("currency_code", "USD"),
        ("quantity", "1"),
        ("custom", &link.order_id),
        ("invoice", &link.order_id),
        ("notify_url", &notify),
        ("return", &format!("{page}?back=paid")),
        ("cancel_return", &format!("{page}?back=cancelled")),
        ("rm", "1"),
        ("no_shipping", "1"),
        ("no_note", "1"),
        ("charset", "utf-8"),
    ];
    let expected: Vec<(String, String)> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(params(&url), expected);
    assert!(world.web.sent_to("https://").is_empty(), "nobody was asked for it");
    let page = world.buyer().get(&format!("{}?go=1", link.order())).text();
    assert!(page.contains(&url.replace('&', "&amp;")), "{page}");
}

#[test]
fn a_receiver_with_an_invisible_end_or_another_spelling_is_still_the_seller() {
    for (set, receiver) in [
        ("money@ada.example\u{200b}", "money@ada.example"),
        ("\u{feff}Money@Ada.example", "MONEY@ada.example"),
        ("money@bücher.example", "money@xn--bcher-kva.example"),
        ("money@xn--bcher-kva.example", "Money@BÜCHER.example"),
    ] {
        let world = World::new();
        let paypal = world.paypal();
        let ada = with_button(&world);
        ada.put("/account", json!({"gateways": {"paypal": {"email": set}}})).expect(200);
        let (link, _) = started(&world, &ada, json!({}));
        happens(&world, &paypal, &ipn(&link.order_id, &[("receiver_email", receiver)]));
        assert_eq!(ada.order(&link.order_id)["status"], 100, "{set:?} {receiver}");
    }
    let world = World::new();
    let inside = json!({"gateways": {"paypal": {"email": "mon\u{200b}ey@ada.example"}}});
    let sentence = "Gateways paypal email has invisible characters (U+200B)";
    assert_eq!(world.seller().put("/account", inside).errors(), [sentence]);
}

#[test]
fn what_paypal_has_no_room_for_is_left_out_or_cut() {
    let world = World::new();
    let ada = with_button(&world);
    // The link's address holds its title, and is too long to come back to.
    let (_, url) = started(&world, &ada, json!({"title": "😀".repeat(255)}));
    assert_eq!(param(&url, "item_name").chars().count(), 127);
    assert_eq!((param(&url, "return"), param(&url, "cancel_return")), (payment_return(), payment_return()));
    for (name, most) in [("custom", 255), ("invoice", 127), ("notify_url", 255), ("return", 1_024)] {
        assert!(param(&url, name).len() <= most, "{name}");
    }
    let order = ada.white_label(json!({"gateway": "PayPal", "return_url": null}));
    let url = order["url"].as_str().unwrap();
    assert_eq!(param(url, "return"), ORIGIN, "an order without a page, and with nowhere to go");
    let live = world.seller_named("grace@example.com", false);
    live.put("/account", json!({"gateways": {"paypal": {"email": SELLER}}})).expect(200);
    let order = live.white_label(json!({"gateway": "PayPal"}));
    assert!(order["url"].as_str().unwrap().starts_with("https://www.paypal.com/cgi-bin/webscr?"), "real money");
}

fn payment_return() -> String {
    "https://ada.example/thanks".into()
}

#[test]
fn only_prices_that_paypal_takes_are_taken() {
    let world = World::new();
    let ada = with_button(&world);
    let refused = |currency: &str, value: &str| {
        ada.pay(json!({"gateway": "PayPal", "currency": currency, "value": value})).errors()
    };
    assert_eq!(refused("KWD", "10"), ["Currency KWD is not taken by PayPal"]);
    assert_eq!(refused("HUF", "1500.50"), ["Value has fractions of HUF that PayPal does not take"]);
    for (currency, value, amount) in
        [("HUF", "1500", "1500"), ("TWD", "99.00", "99"), ("JPY", "1500", "1500"), ("EUR", "7.5", "7.50")]
    {
        let (_, url) = started(&world, &ada, json!({"currency": currency, "value": value}));
        assert_eq!((param(&url, "amount"), param(&url, "currency_code")), (amount.into(), currency.into()));
    }
    // A wallet takes what a page doesn't.
    ada.pay(json!({"currency": "HUF", "value": "1500.50"})).expect(201);
}

#[test]
fn a_notice_is_kept_answered_and_then_heard() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    world.run_jobs();
    let body = paypal.sends(&ipn(&link.order_id, &[]));
    let (counts, reply) = world.count(|| tell(&world, &body));
    assert_eq!((reply.status(), reply.text().as_str()), (200, ""));
    // Whose it is, his settings, and the notice.
    assert_eq!((counts.reads, counts.commits, counts.fetches), (2, 1, 0));
    assert_eq!(ada.status(&link.order_id), 0, "it is not believed yet");
    world.queue.forget();
    world.advance(2 * MINUTE);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!((counts.reads, counts.fetches), (0, 0));
    let (counts, heard) = world.count(|| world.run_jobs());
    // The notice, its order, the order with its facts, and the commit; then two webhooks are read, sent and written.
    assert!(heard >= 1);
    let Counts { fetches, .. } = counts;
    assert_eq!(fetches, 3, "PayPal once, and two webhooks");
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1));
    let asked = world.web.sent_to(IPN);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, format!("cmd=_notify-validate&{body}"), "not a byte is changed");
    assert!(asked[0].body.contains("J%FCrgen"));
    assert_eq!(exceptions(&ada, &link.order_id), json!([]));
    let page = world.buyer().get(&link.order()).text();
    assert!(page.contains("Payment complete"), "{page}");
    // Twice the same is once.
    let (counts, _) = world.count(|| tell(&world, &body).expect(200));
    assert_eq!((counts.reads, counts.commits), (2, 1));
    assert_eq!((world.run_jobs(), world.db.rows_in("notifications")), (0, 1));
}

#[test]
fn hearing_an_ipn_takes_four_round_trips() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = world.seller();
    ada.put("/account", json!({"gateways": {"paypal": {"email": SELLER}}})).expect(200);
    let (link, _) = started(&world, &ada, json!({}));
    world.run_jobs();
    tell(&world, &paypal.sends(&ipn(&link.order_id, &[]))).expect(200);
    let (counts, jobs) = world.count(|| world.run_jobs());
    assert_eq!((jobs, counts.reads, counts.commits, counts.fetches), (1, 2, 2, 1));
    // What changes nothing is written as heard, and that is all.
    tell(&world, &paypal.sends(&ipn(&link.order_id, &[("memo", "again")]))).expect(200);
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!((counts.reads, counts.commits, counts.fetches), (2, 2, 1));
    // What isn't for this seller is not asked about.
    tell(&world, &ipn(&link.order_id, &[("receiver_email", "eve@example.com")])).expect(200);
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!((counts.reads, counts.commits, counts.fetches), (1, 2, 0));
}

#[test]
fn what_is_not_paypals_own_or_not_for_this_order_changes_nothing() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let id = link.order_id.as_str();
    world.run_jobs();
    let before = world.db.dump();
    for (body, why) in [
        ("", "no notice at all"),
        ("hello=world", "not PayPal's form"),
        ("{}", "not an event"),
        ("{\"event_type\":7}", "neither"),
    ] {
        tell(&world, body).expect(400);
        assert_eq!(world.db.dump(), before, "{why}");
    }
    for other in ["", "order 7", "00000000-0000-4000-8000-000000000000"] {
        let body = paypal.sends(&ipn(id, &[("custom", other), ("invoice", other)]));
        tell(&world, &body).expect(200);
        assert_eq!(world.db.dump(), before, "another sale of the seller's is not kept: {other}");
    }
    let cases: [(Fields<'_>, bool, &str); 5] = [
        (&[("txn_id", "FORGED00000000000")], false, "PayPal says that it didn't send it"),
        (&[("receiver_email", "eve@example.com")], true, "it tells of money for somebody else"),
        (&[("receiver_email", "")], true, "it tells of money for somebody else"),
        (&[("test_ipn", "")], true, "real money and PayPal's sandbox don't mix"),
        (&[("test_ipn", "0")], true, "real money and PayPal's sandbox don't mix"),
    ];
    for (changed, own, why) in cases {
        let body = ipn(id, changed);
        if own {
            paypal.sends(&body);
        }
        tell(&world, &body).expect(200);
        world.run_jobs();
        let line = world.log.last("notification.not_believed");
        assert_eq!((line["order_id"].as_str(), line["error"].as_str()), (Some(id), Some(why)));
        assert_eq!((ada.status(id), world.db.rows_in("movements")), (0, 0), "{why}");
    }
    assert_eq!(
        world.db.one("SELECT COUNT(*) FROM notifications WHERE due_at IS NOT NULL"),
        "0",
        "none of them is heard again"
    );
    // An order that is paid in coins is not PayPal's to tell of.
    let coins = ada.link(json!({}));
    world.buyer().start(&coins);
    happens(&world, &paypal, &ipn(&coins.order_id, &[]));
    assert_eq!((ada.status(&coins.order_id), world.db.rows_in("movements")), (0, 0));
    // The seller's first address is as good as the one the button names.
    happens(&world, &paypal, &ipn(id, &[("receiver_email", "primary@ada.example"), ("business", SELLER)]));
    assert_eq!(ada.status(id), 100);
}

#[test]
fn a_payment_to_the_address_of_its_time_counts_whatever_the_seller_has_now() {
    let app = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "email": null});
    for now in [json!({"email": "new@ada.example"}), app] {
        let world = World::new();
        let paypal = world.paypal();
        let ada = with_button(&world);
        let (link, _) = started(&world, &ada, json!({}));
        ada.put("/account", json!({"gateways": {"paypal": now}})).expect(200);
        happens(
            &world,
            &paypal,
            &ipn(&link.order_id, &[("receiver_email", "new@ada.example"), ("business", "eve@example.com")]),
        );
        assert_eq!(ada.status(&link.order_id), 0, "nor is another's money");
        happens(&world, &paypal, &ipn(&link.order_id, &[]));
        assert_eq!(ada.status(&link.order_id), 100);
    }
}

#[test]
fn a_form_that_the_buyer_changed_pays_what_it_pays() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    happens(&world, &paypal, &ipn(&link.order_id, &[("mc_gross", "0.01")]));
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (53, 0));
    assert!(world.buyer().get(&link.order()).text().contains("0.01 USD"), "the buyer is told what has come");
    happens(&world, &paypal, &ipn(&link.order_id, &[("mc_gross", "9.99"), ("txn_id", "2ND")]));
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (53, 0), "parts don't add up");
    assert_eq!(exceptions(&ada, &link.order_id), json!([]), "and are no overpayment");
    let page = world.buyer().get(&link.order()).text();
    assert!(page.contains("We received 10.00 USD, but not the whole price in one payment."), "{page}");
    happens(&world, &paypal, &ipn(&link.order_id, &[("txn_id", "3RD")]));
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1), "the whole price does it");
    let (link, _) = started(&world, &ada, json!({}));
    happens(&world, &paypal, &ipn(&link.order_id, &[("mc_currency", "HUF"), ("mc_gross", "10")]));
    assert_eq!((ada.status(&link.order_id), exceptions(&ada, &link.order_id)), (0, json!(["wrong_currency"])));
    happens(&world, &paypal, &ipn(&link.order_id, &[("mc_gross", "12.00"), ("txn_id", "2ND")]));
    let words = json!(["overpaid", "wrong_currency"]);
    assert_eq!((ada.status(&link.order_id), exceptions(&ada, &link.order_id)), (100, words));
}

#[test]
fn every_state_of_a_payment_has_its_status() {
    let refund = [("payment_status", "Refunded"), ("parent_txn_id", "61E67681CH3238416"), ("txn_type", "")];
    let with =
        |changed: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| [changed, more].concat();
    let reversed = [
        ("payment_status", "Reversed"),
        ("parent_txn_id", "61E67681CH3238416"),
        ("mc_gross", "-10.00"),
        ("txn_id", "R1"),
    ];
    let case = [
        ("txn_type", "new_case"),
        ("case_id", "PP-D-27803"),
        ("payment_status", ""),
        ("mc_gross", ""),
        ("mc_currency", ""),
    ];
    let steps: Vec<Story> = vec![
        vec![(vec![("payment_status", "Pending"), ("pending_reason", "echeck")], 55), (vec![], 100)],
        vec![(vec![("payment_status", "Pending")], 55), (vec![("payment_status", "Denied")], 0)],
        vec![(vec![("payment_status", "Created")], 55), (vec![("payment_status", "Failed")], 0)],
        vec![(vec![("payment_status", "Processed")], 55), (vec![("payment_status", "Voided")], 0)],
        vec![(vec![("payment_status", "Expired")], 0)],
        vec![
            (vec![], 100),
            (with(&refund, &[("mc_gross", "-4.00"), ("txn_id", "F1")]), 100),
            (with(&refund, &[("mc_gross", "-6.00"), ("txn_id", "F2")]), 56),
            (vec![("memo", "a late second Completed")], 56),
        ],
        vec![
            (vec![], 100),
            (reversed.to_vec(), 51),
            (with(&reversed, &[("payment_status", "Canceled_Reversal"), ("mc_gross", "10.00"), ("txn_id", "C1")]), 100),
        ],
        vec![(vec![], 100), (case.to_vec(), 51), (with(&case, &[("txn_type", "adjustment")]), 100)],
        vec![
            (vec![], 100),
            (case.to_vec(), 51),
            (reversed.to_vec(), 51),
            (with(&case, &[("txn_type", "adjustment")]), 51),
        ],
    ];
    for story in steps {
        let world = World::new();
        let paypal = world.paypal();
        let ada = with_button(&world);
        let (link, _) = started(&world, &ada, json!({}));
        for (changed, status) in &story {
            // The fields that a step leaves out are those of a payment; the last word on a field counts.
            let mut fields: Vec<(&str, &str)> = Vec::new();
            for (name, value) in changed {
                fields.retain(|(known, _)| known != name);
                fields.push((name, value));
            }
            happens(&world, &paypal, &ipn(&link.order_id, &fields));
            assert_eq!(ada.status(&link.order_id), *status, "after {changed:?} of {story:?}");
        }
        let partly = world.db.one("SELECT refunded_value || ' ' || paid_value FROM orders");
        assert!(["0 0", "0 1000", "1000 1000"].contains(&partly.as_str()), "{partly}");
    }
}

#[test]
fn a_notice_waits_until_paypal_can_say_whether_it_is_true() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    paypal.down.set(true);
    happens(&world, &paypal, &ipn(&link.order_id, &[]));
    assert_eq!((ada.status(&link.order_id), world.db.rows_in("movements")), (0, 0));
    world.live_through(HOUR);
    assert!((4..=9).contains(&world.web.sent_to(IPN).len()), "tried again, ever more rarely");
    paypal.down.set(false);
    world.live_through(2 * HOUR);
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1));
}

/// A payment by e-check, a second one, refunds, and a reversal that was cancelled.
fn story(order_id: &str) -> Vec<String> {
    let payment = ("parent_txn_id", "61E67681CH3238416");
    vec![
        ipn(order_id, &[("payment_status", "Pending"), ("pending_reason", "echeck")]),
        ipn(order_id, &[]),
        ipn(order_id, &[("mc_currency", "EUR"), ("txn_id", "EUROS")]),
        ipn(order_id, &[("payment_status", "Reversed"), payment, ("mc_gross", "-10.00"), ("txn_id", "R1")]),
        ipn(order_id, &[("payment_status", "Canceled_Reversal"), payment, ("txn_id", "C1")]),
        ipn(order_id, &[("payment_status", "Refunded"), payment, ("mc_gross", "-4.00"), ("txn_id", "F1")]),
        ipn(order_id, &[("txn_type", "new_case"), ("case_id", "PP-D-1"), ("payment_status", "")]),
        ipn(order_id, &[("txn_type", "adjustment"), ("case_id", "PP-D-1"), ("payment_status", "")]),
    ]
}

/// Each notice five times, the copies not the same to the byte, in this order of `(notice, copy)`.
fn end_of(told: &[(usize, usize)], last: i64) -> (String, Vec<Vec<String>>, Value) {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let notifications = story(&link.order_id);
    for (n, copy) in told {
        happens(&world, &paypal, &format!("{}&resend={copy}", notifications[*n]));
    }
    assert_eq!(ada.status(&link.order_id), last, "{told:?}");
    assert_eq!(paid_events(&world), 1, "{told:?}");
    let order = "SELECT status, paid_value, refunded_value, wrong_currency FROM orders";
    let movements = "SELECT id, kind, about, value, at FROM movements ORDER BY id, kind";
    let order = format!("{:?}", world.db.query(order));
    (order, world.db.query(movements), exceptions(&ada, &link.order_id))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    #[test]
    fn any_order_of_notices_and_any_repetition_end_the_same(
        shuffled in Just((0..40).map(|n| (n % 8, n / 8)).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let straight: Vec<(usize, usize)> = (0..8).map(|n| (n, 0)).collect();
        prop_assert_eq!(end_of(&shuffled, 100), end_of(&straight, 100));
    }
}
