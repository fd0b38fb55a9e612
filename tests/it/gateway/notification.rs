//! The way of a notice: who may send how many, which are kept, and how often hearing one is tried.

use pushguard::platform::{FetchError, QueueName};
use serde_json::json;

use crate::{
    actors::Seller,
    webhook::receiver::batch,
    world::{API, CLIENT_ID, CLIENT_SECRET, DAY, HOUR, Landed, MINUTE, SECOND, WEBHOOK_ID, World},
};

const SELLER: &str = "money@ada.example";

fn seller(world: &World) -> Seller<'_> {
    let ada = world.seller();
    let paypal =
        json!({"email": SELLER, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "webhook_id": WEBHOOK_ID});
    ada.put("/account", json!({"gateways": {"paypal": paypal}})).expect(200);
    ada
}

fn account_id(world: &World) -> String {
    world.db.one("SELECT account_id FROM shops ORDER BY rowid LIMIT 1")
}

/// The status that this address is answered for a notice to this account.
fn send(world: &World, account: &str, address: &str, body: &str) -> u16 {
    let ask = world.ask("POST", &format!("/gateways/paypal/{account}")).header("cf-connecting-ip", address);
    let ask = [
        ("content-type", "application/json"),
        ("paypal-auth-algo", "SHA256withRSA"),
        ("paypal-cert-url", "https://api.paypal.com/cert.pem"),
        ("paypal-transmission-id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"),
        ("paypal-transmission-sig", "signed"),
        ("paypal-transmission-time", "2023-11-15T00:10:00Z"),
    ]
    .into_iter()
    .fold(ask, |ask, (name, value)| ask.header(name, value));
    ask.body(body).send().status()
}

/// An order that waits for PayPal.
fn order(world: &World, ada: &Seller<'_>) -> String {
    let link = ada.link(json!({"gateway": "PayPal"}));
    world.buyer().post(&link.path, "").expect(303);
    world.run_jobs();
    link.order_id
}

fn about_order(order_id: &str, n: usize) -> String {
    let resource = json!({"id": format!("3C{n}"), "status": "COMPLETED", "custom_id": order_id});
    json!({"event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": resource}).to_string()
}

fn about_capture(capture: &str) -> String {
    let up = json!({"rel": "up", "href": format!("https://api.paypal.com/v2/payments/captures/{capture}")});
    let resource = json!({"id": "5R1", "status": "COMPLETED", "links": [up]});
    json!({"event_type": "PAYMENT.CAPTURE.REFUNDED", "resource": resource}).to_string()
}

#[test]
fn a_stranger_uses_up_neither_the_sellers_requests_nor_the_gateways_notices() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "5"), ("RATE_LIMIT_ANONYMOUS", "3")]);
    let ada = seller(&world);
    let id = account_id(&world);
    world.advance(MINUTE);
    let statuses: Vec<u16> = (0..7).map(|_| send(&world, &id, "192.0.2.1", "{}")).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429]);
    assert_eq!(world.trips(|| assert_eq!(send(&world, &id, "192.0.2.1", "{}"), 429)), 0);
    assert_eq!(send(&world, &id, "192.0.2.2", "{}"), 400, "the gateway's own address");
    for _ in 0..5 {
        ada.get("/account").expect(200);
    }
    ada.get("/account").expect(429);
    assert_eq!(send(&world, &id, "192.0.2.2", "{}"), 400, "nor does the seller's traffic hold up notifications");
    let other = world.seller_named("eve@example.com", true);
    let eve = world.db.one(&format!("SELECT account_id FROM shops WHERE account_id <> {id}"));
    other.put("/account", json!({"gateways": {"paypal": {"email": "eve@example.com"}}})).expect(200);
    assert_eq!(send(&world, &eve, "192.0.2.1", "{}"), 400, "each account has a limit of its own");
}

#[test]
fn an_address_that_guesses_accounts_is_refused_before_anything_is_read() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "300"), ("RATE_LIMIT_ANONYMOUS", "10")]);
    seller(&world);
    let id = account_id(&world);
    world.advance(MINUTE);
    let mut statuses = Vec::new();
    let trips = world.trips(|| {
        for n in 0..150 {
            statuses.push(send(&world, &(1_000_000 + n).to_string(), "192.0.2.1", "{}"));
        }
    });
    let refused = |status: u16| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((refused(404), refused(429), trips), (10, 140, 10));
    // What is known to be nobody's costs nothing, whoever asks.
    assert_eq!(world.trips(|| assert_eq!(send(&world, "1000000", "192.0.2.9", "{}"), 404)), 0);
    for n in 0..10 {
        assert_eq!(send(&world, &(2_000_000 + n).to_string(), &format!("2001:db8:0:1::{n}"), "{}"), 404);
    }
    assert_eq!(send(&world, "2000010", "2001:db8:0:1::f", "{}"), 429, "a /64 is one address");
    assert_eq!(send(&world, &id, "192.0.2.2", "{}"), 400, "others are heard");
    world.advance(MINUTE);
    assert_eq!(send(&world, &id, "192.0.2.1", "{}"), 400, "a minute later that address is as well");
    for odd in ["x", "-1", "99999999999999999999", "0"] {
        assert_eq!(send(&world, odd, "192.0.2.3", "{}"), 404, "{odd}");
    }
}

#[test]
fn an_event_is_kept_only_if_it_is_about_an_order_or_a_capture_of_ours() {
    let world = World::new();
    let _paypal = world.paypal();
    let ada = seller(&world);
    let order_id = order(&world, &ada);
    let id = account_id(&world);
    for capture in ["ABC", "3C0", "61E67681CH3238416", "A'--"] {
        assert_eq!(send(&world, &id, "192.0.2.1", &about_capture(capture)), 200);
    }
    assert_eq!(world.db.rows_in("notifications"), 0, "nobody's captures");
    world.db.change(&format!(
        "INSERT INTO movements (account_id, order_id, id, kind, about, value, at) VALUES ({id}, '{order_id}', '3C9', 'paid', '3C9', 1000, 1)"
    ));
    assert_eq!(send(&world, &id, "192.0.2.1", &about_capture("3C9")), 200);
    assert_eq!(world.db.rows_in("notifications"), 1);
    // A notice is no place to store things.
    let large = |bytes: usize| format!("{}{}", about_order(&order_id, 1), " ".repeat(bytes));
    for (bytes, status) in [(127 << 10, 413), (33 << 10, 413), (31 << 10, 200)] {
        assert_eq!(send(&world, &id, "192.0.2.1", &large(bytes)), status, "{bytes}");
    }
    assert_eq!(world.db.rows_in("notifications"), 2);
    world.run_jobs();
    let kept = "SELECT COUNT(*), SUM(length(body)), SUM(due_at IS NOT NULL) FROM notifications";
    assert_eq!(world.db.query_in(0, kept), [["2", "0", "0"]], "what isn't believed leaves its id");
}

#[test]
fn so_many_notices_of_an_account_wait_and_the_gateway_is_asked_to_repeat_the_others() {
    let world = World::new();
    let _paypal = world.paypal();
    let ada = seller(&world);
    let order_id = order(&world, &ada);
    let id = account_id(&world);
    let mut statuses = Vec::new();
    for n in 0..230 {
        statuses.push(send(&world, &id, &format!("192.0.2.{}", n % 200), &about_order(&order_id, n)));
    }
    assert!(statuses[..200].iter().all(|status| *status == 200));
    assert!(statuses[200..].iter().all(|status| *status == 503));
    assert_eq!(world.db.rows_in("notifications"), 200);
    // Another account has room of its own; and there is room again when one was heard.
    world.db.change("UPDATE notifications SET due_at = NULL WHERE rowid = 7");
    assert_eq!(send(&world, &id, "192.0.2.1", &about_order(&order_id, 300)), 200);
    assert_eq!(send(&world, &id, "192.0.2.1", &about_order(&order_id, 301)), 503);
}

#[test]
fn a_notice_that_can_not_be_heard_is_given_up_after_a_week_whatever_breaks() {
    let no_shop = "DELETE FROM shops";
    let broken_settings = "UPDATE gateway_settings SET value = 'broken'";
    for (what, breaking) in
        [("nothing answers", ""), ("the shop's row is gone", no_shop), ("settings that can't be read", broken_settings)]
    {
        let world = World::new();
        let _paypal = world.paypal();
        let ada = seller(&world);
        let order_id = order(&world, &ada);
        let id = account_id(&world);
        assert_eq!(send(&world, &id, "192.0.2.1", &about_order(&order_id, 1)), 200);
        if breaking.is_empty() {
            world.web.says(&format!("{API}/v1/notifications/verify-webhook-signature"), 503);
        } else {
            world.db.change(breaking);
        }
        for _ in 0..9 * 24 {
            world.run_jobs();
            world.advance(HOUR);
            world.cron();
        }
        let kept = world.db.query("SELECT due_at IS NULL, tries BETWEEN 5 AND 60, body FROM notifications");
        assert_eq!(kept, [["1", "1", ""]], "{what}");
        world.advance(30 * DAY + SECOND);
        world.cron();
        assert_eq!(world.db.rows_in("notifications"), 0, "{what}");
    }
}

/// A notice, by which an order would be paid, that will be tried for the last time, since a week has gone by.
fn last_try(world: &World, trouble: &dyn Fn(&World)) -> String {
    let paypal = world.paypal();
    let ada = seller(world);
    let order_id = order(world, &ada);
    let id = account_id(world);
    paypal.approves();
    let approved = json!({"event_type": "CHECKOUT.ORDER.APPROVED", "resource": paypal.newest(|order| order.clone())});
    assert_eq!(send(world, &id, "192.0.2.1", &paypal.sends(&approved.to_string())), 200);
    // No look finds out by itself.
    world.db.change("UPDATE orders SET sync_lease = NULL");
    world.queue.forget();
    world.advance(7 * DAY);
    trouble(world);
    world.cron();
    order_id
}

/// Of the notice.
fn remains(world: &World) -> Vec<Vec<String>> {
    world.db.query_in(0, "SELECT body, headers, due_at IS NULL FROM notifications")
}

#[test]
fn nothing_remains_of_a_notice_after_its_last_try_whatever_breaks_in_it() {
    type Trouble = fn(&World);
    let troubles: [(&str, Trouble); 5] = [
        ("none", |_| {}),
        ("PayPal is down", |world| world.web.says(API, 503)),
        ("the shop's row is gone", |world| world.db.change("DELETE FROM shops")),
        ("settings that can't be read", |world| world.db.change("UPDATE gateway_settings SET value = 'broken'")),
        ("a gateway that there was", |world| world.db.change("UPDATE notifications SET gateway = 'square'")),
    ];
    for (what, trouble) in troubles {
        for landed in [Landed::No, Landed::Yes] {
            // The first commit takes the notice; those that follow it end it.
            for broken in 1..=4 {
                let world = World::new();
                last_try(&world, &trouble);
                world.db.break_commit(broken, landed);
                world.run_jobs();
                let taken = broken > 1 || matches!(landed, Landed::Yes);
                if taken {
                    assert_eq!(remains(&world), [["", "{}", "1"]], "{what}, commit {broken}");
                }
                world.db.mend();
                world.live_through(10 * MINUTE);
                assert_eq!(remains(&world), [["", "{}", "1"]], "{what}, commit {broken}, later");
            }
        }
    }
}

#[test]
fn nothing_remains_of_a_notice_when_its_last_try_is_killed() {
    for polls in 1..20 {
        let world = World::new();
        let order_id = last_try(&world, &|_| {});
        world.web.interleaves.set(true);
        world.db.interleaves.set(true);
        let killed = world.run_jobs_killed(polls, true);
        world.web.interleaves.set(false);
        world.db.interleaves.set(false);
        let status = world.db.one(&format!("SELECT status FROM orders WHERE id = '{order_id}'"));
        assert!(killed || status == "100", "what it says is taken in by the last try as well: {status}");
        world.live_through(10 * MINUTE);
        assert_eq!(remains(&world), [["", "{}", "1"]], "after {polls} polls");
    }
}

/// Whoever asks this server waits for all of the time that it may take.
fn slow(world: &World, prefix: &str) {
    let clock = world.clock.clone();
    world.web.on(prefix, move |sent| {
        clock.pass(i64::from(sent.timeout));
        Err(FetchError::Timeout)
    });
}

#[test]
fn two_hundred_slow_notices_keep_no_look_waiting() {
    let world = World::new();
    let _paypal = world.paypal();
    let _chain = world.esploras();
    let ada = seller(&world);
    let order_id = order(&world, &ada);
    let id = account_id(&world);
    let grace = world.live_seller();
    world.queue.forget();
    slow(&world, API);
    world.web.forget();
    for n in 0..200 {
        assert_eq!(send(&world, &id, &format!("192.0.2.{n}"), &about_order(&order_id, n)), 200);
    }
    for n in 0..25 {
        grace.white_label(json!({"title": format!("Book {n}")}));
    }
    world.advance(30 * SECOND);
    let batches = [10, 10, 5].map(|jobs| assert_eq!(batch(&world, QueueName::PaymentSync), jobs));
    assert_eq!(
        world.web.sent_to("https://one.chain.example").len() + world.web.sent_to("https://two.chain.example").len(),
        2 * 25
    );
    assert!(world.web.sent_to(API).is_empty(), "{} batches, and none of them waited for a notice", batches.len());
    assert_eq!(batch(&world, QueueName::Notifications), 10);
    assert_eq!(world.web.sent_to(API).len(), 10, "each has its own try");
}

#[test]
fn two_hundred_slow_looks_keep_no_notice_waiting() {
    let world = World::new();
    let paypal = world.paypal();
    for server in ["https://one.chain.example", "https://two.chain.example"] {
        slow(&world, server);
    }
    let ada = seller(&world);
    let order_id = order(&world, &ada);
    let id = account_id(&world);
    let grace = world.live_seller();
    world.queue.forget();
    for _ in 0..200 {
        grace.white_label(json!({}));
    }
    world.advance(30 * SECOND);
    for n in 0..3 {
        assert_eq!(send(&world, &id, "192.0.2.1", &paypal.sends(&about_order(&order_id, n))), 200);
    }
    world.web.forget();
    assert_eq!(batch(&world, QueueName::Notifications), 3);
    assert!(world.web.sent_to("https://one.chain.example").is_empty());
    assert_eq!(
        world.db.one("SELECT COUNT(*) FROM notifications WHERE due_at IS NOT NULL"),
        "0",
        "all of them are heard"
    );
    assert_eq!(batch(&world, QueueName::PaymentSync), 10, "the looks have a batch of their own");
}
