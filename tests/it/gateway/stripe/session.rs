//! Cards at Stripe: opened once, heard of by signed events, found by a look when no event comes.

use std::rc::Rc;

use futures_util::future::join;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    actors::{Link, Reply, Seller},
    world::{
        Counts, DAY, HOUR, MINUTE, SECOND, Stripe, World, block_on,
        stripe::{API, Event, tag},
    },
};

// Written in two parts, so that nobody takes them for keys that somebody lost.
pub fn key() -> String {
    ["sk_", "live_51HxxAbCdEfGhIjKlMnOpQrS"].concat()
}

pub fn secret() -> String {
    ["whsec", "_Zm9vYmFyYmF6cXV4cXV1V1eA"].concat()
}

/// Grace sells for real money by cards only, and has the endpoint at Stripe that `GET /account` names.
pub struct Desk<'w> {
    world: &'w World,
    pub grace: Seller<'w>,
    pub stripe: Rc<Stripe>,
    notify: String,
}

impl World {
    pub fn cards(&self) -> Desk<'_> {
        self.cards_of(&self.seller_named("grace@example.com", false))
    }

    /// The same of a seller for real money.
    pub fn cards_of<'w>(&'w self, seller: &Seller<'w>) -> Desk<'w> {
        let grace = seller.at(self);
        let gateways = json!({"stripe": {"secret_key": key(), "webhook_secret": secret()}});
        let account = grace.put("/account", json!({"gateways": gateways})).expect(200).json();
        let notify = account["gateways"]["stripe"]["notify_url"].as_str().expect("a url").to_owned();
        grace.endpoint("https://grace.example/hook", &["order:created", "order:updated", "order:paid"]);
        self.web.says("https://grace.example/hook", 200);
        let stripe = self.stripe(&secret());
        Desk { world: self, grace, stripe, notify }
    }
}

impl<'w> Desk<'w> {
    pub fn link(&self, mut changed: Value) -> Link {
        changed["gateway"] = json!("Stripe");
        self.grace.link(changed)
    }

    /// A link that was started.
    pub fn order(&self, changed: Value) -> Link {
        let link = self.link(changed);
        self.world.buyer().post(&link.path, "").expect(303);
        link
    }

    /// An order that was paid.
    pub fn paid(&self) -> String {
        let link = self.order(json!({}));
        self.told(self.stripe.pay(&link.order_id));
        link.order_id
    }

    pub fn tell(&self, event: &Event) -> Reply {
        let ask = self.world.ask("POST", &self.notify).header("stripe-signature", &event.signature);
        ask.header("content-type", "application/json; charset=utf-8").body(event.body.clone()).send()
    }

    pub fn told(&self, event: Event) {
        self.tell(&event).expect(200);
        self.world.run_jobs();
    }

    fn events(&self) -> Vec<String> {
        let logs = self.grace.logs();
        logs.iter().rev().map(|log| log["event"].as_str().expect("an event").to_owned()).collect()
    }

    pub fn page(&self, link: &Link, query: &str) -> String {
        self.world.buyer().get(&format!("{}{query}", link.order())).expect(200).text()
    }
}

#[test]
fn a_link_becomes_a_session_for_exactly_its_price_in_two_trips_and_one_fetch() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.link(json!({"value": "10.01", "quantity": 3, "title": "Tea & cake", "custom": {"a": 1}}));
    let (counts, reply) = world.count(|| world.buyer().post(&link.path, "").expect(303));
    assert_eq!(reply.header("location"), Some(format!("{}?go=1", link.order()).as_str()));
    assert_eq!((counts.reads, counts.commits, counts.fetches), (0, 2, 1));
    let sent = world.web.sent_to(API);
    let [sent] = sent.as_slice() else { panic!("one request") };
    assert_eq!((sent.method, sent.url.as_str()), ("POST", "https://api.stripe.com/v1/checkout/sessions"));
    assert_eq!(sent.header("authorization"), format!("Bearer {}", key()));
    assert_eq!(sent.header("idempotency-key"), link.order_id);
    assert_eq!(sent.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(sent.header("stripe-version"), "2026-10-28.endive");
    let form: Vec<(String, String)> = form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
    let form: Vec<String> = form.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let id = &link.order_id;
    let page = format!("https://desk.example{}", link.order());
    let expected = [
        "mode: payment".to_owned(),
        "payment_method_types[0]: card".into(),
        "adaptive_pricing[enabled]: false".into(),
        "line_items[0][quantity]: 1".into(),
        "line_items[0][price_data][currency]: usd".into(),
        "line_items[0][price_data][unit_amount]: 1001".into(),
        "line_items[0][price_data][product_data][name]: Tea & cake × 3".into(),
        format!("client_reference_id: {id}"),
        format!("metadata[order]: {id}"),
        format!("payment_intent_data[metadata][order]: {id}"),
        format!("success_url: {page}?back=paid"),
        format!("cancel_url: {page}?back=cancelled"),
        "customer_email: bob@example.com".into(),
    ];
    assert_eq!(form, expected);
    let page = desk.page(&link, "?go=1");
    let url = desk.stripe.sessions()[0]["url"].as_str().unwrap().to_owned();
    assert!(page.contains(&url), "it leads there: {page}");
    assert!(desk.page(&link, "?back=cancelled").contains(&url), "who has cancelled can go there again");
    assert_eq!(world.trips(|| world.buyer().post(&link.path, "").expect(303)), 1, "starting again finds the order");
    assert_eq!(desk.stripe.sessions().len(), 1);
}

#[test]
fn who_has_come_back_is_not_sent_to_pay_again_while_he_waits_for_news() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.link(json!({}));
    world.buyer().post(&link.path, "").expect(303);
    let page = desk.page(&link, "?back=paid");
    let news = format!("{}?news=back", link.order());
    assert!(page.contains("Waiting for Stripe") && page.contains(&format!("data-state=\"{news}\"")), "{page}");
    assert!(page.contains(&format!("15; url={news}")) && page.contains(&format!("{}?back=paid", link.order())));
    world.web.forget();
    let again = desk.page(&link, "?news=back");
    assert!(again.contains("Waiting for Stripe") && again.contains(&news));
    assert!(world.web.sent().is_empty(), "news cost Stripe no request");
    assert!(desk.page(&link, "").contains("Continue to Stripe"));
}

#[test]
fn however_many_start_a_link_at_once_one_session_is_opened() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.link(json!({}));
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);
    let start = || world.buyer().ask("POST", &link.path).body("").together();
    let replies = block_on(join(start(), start()));
    assert_eq!((replies.0.status(), replies.1.status()), (303, 303));
    assert_eq!((desk.stripe.sessions().len(), world.db.rows_in("orders")), (1, 1));
}

#[test]
fn a_paid_session_completes_the_order_and_what_a_notice_costs_is_known() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    world.run_jobs();
    let event = desk.stripe.pay(&link.order_id);
    let (counts, _) = world.count(|| desk.tell(&event).expect(200));
    let at = |reads, commits, fetches| (reads, commits, fetches);
    let of = |counts: Counts| at(counts.reads, counts.commits, counts.fetches);
    assert_eq!(of(counts), at(2, 1, 0), "who it is, his settings, the notice");
    world.db.change("DELETE FROM webhook_endpoints");
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!(of(counts), at(2, 2, 1), "the notice, the order twice, and what changes");
    let order = desk.grace.order(&link.order_id);
    assert_eq!((&order["status"], &order["gateway"]), (&json!(100), &json!("Stripe")));
    let (counts, _) = world.count(|| desk.tell(&event).expect(200));
    assert_eq!(of(counts), at(2, 1, 0));
    assert_eq!(world.run_jobs(), 0, "what was heard is heard once");
    let (_, event) = desk.stripe.refund(&link.order_id, 1_000, "succeeded");
    desk.tell(&event).expect(200);
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!(of(counts), at(2, 2, 3), "the session, its refunds, its disputes");
    assert_eq!(desk.grace.status(&link.order_id), 56);
}

#[test]
fn a_lost_event_is_found_by_a_look_with_the_same_facts() {
    let movements = "SELECT id, kind, about, value, at FROM movements ORDER BY id, kind";
    let world = World::new();
    let desk = world.cards();
    let heard = desk.order(json!({}));
    let looked = desk.order(json!({}));
    let back = desk.order(json!({}));
    world.run_jobs();
    let event = desk.stripe.pay(&heard.order_id);
    desk.told(event);
    desk.stripe.pay(&back.order_id);
    assert!(desk.page(&back, "?back=paid").contains("-paid\""), "who comes back is looked for at once");
    desk.stripe.pay(&looked.order_id);
    world.live_through(11 * MINUTE);
    for link in [&heard, &looked, &back] {
        assert_eq!(desk.grace.status(&link.order_id), 100);
    }
    let rows = world.db.query(movements);
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|row| row[1] == "paid" && row[0].starts_with("pi_") && row[0] == row[2] && row[3] == "1000")
    );
    assert_eq!(desk.events().iter().filter(|event| *event == "order:paid").count(), 3);
}

#[test]
fn a_session_that_ends_unpaid_leaves_the_order_unpaid_and_is_looked_at_no_more() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    desk.stripe.sessions_end();
    let session = desk.stripe.sessions()[0].clone();
    world.live_through(DAY + 2 * HOUR);
    desk.told(desk.stripe.event("checkout.session.expired", session));
    assert_eq!(desk.grace.status(&link.order_id), 0);
    let page = desk.page(&link, "");
    assert!(page.contains("-ended\"") && page.contains("Your time at Stripe is over"), "{page}");
    assert_eq!(world.db.rows_in("notifications"), 0, "there is nothing to hear in it");
    world.run_jobs();
    world.web.forget();
    world.live_through(DAY);
    assert!(world.web.sent_to(API).is_empty());
}

#[test]
fn refunds_in_part_are_noted_in_full_they_refund_and_a_failed_one_is_none() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    let status = || desk.grace.status(&link.order_id);
    let exceptions = || desk.grace.order(&link.order_id)["exceptions"].clone();
    desk.told(desk.stripe.pay(&link.order_id));
    desk.told(desk.stripe.refund(&link.order_id, 400, "pending").1);
    assert_eq!((status(), exceptions()), (100, json!([])), "not sent yet");
    let (id, event) = desk.stripe.refund(&link.order_id, 300, "succeeded");
    desk.told(event);
    assert_eq!((status(), exceptions()), (100, json!(["partially_refunded"])));
    desk.told(desk.stripe.fail_refund(&link.order_id, &id));
    assert_eq!((status(), exceptions()), (100, json!([])), "it came back");
    let (id, event) = desk.stripe.refund(&link.order_id, 1_000, "succeeded");
    desk.told(event);
    assert_eq!(status(), 56);
    desk.told(desk.stripe.fail_refund(&link.order_id, &id));
    assert_eq!(status(), 100);
    assert_eq!(desk.events().iter().filter(|event| *event == "order:paid").count(), 1);
}

#[test]
fn a_dispute_reverses_the_order_until_it_is_won() {
    let world = World::new();
    let desk = world.cards();
    let exceptions = |link: &Link| desk.grace.order(&link.order_id)["exceptions"].clone();
    for (end, after) in [("won", 100), ("lost", 51)] {
        let link = desk.order(json!({}));
        let status = || desk.grace.status(&link.order_id);
        desk.told(desk.stripe.pay(&link.order_id));
        desk.told(desk.stripe.dispute(&link.order_id, "warning_needs_response"));
        assert_eq!((status(), exceptions(&link)), (100, json!(["inquiry"])), "the bank only asks");
        desk.told(desk.stripe.close_dispute("warning_closed"));
        assert_eq!((status(), exceptions(&link)), (100, json!([])));
        desk.told(desk.stripe.dispute(&link.order_id, "needs_response"));
        assert_eq!(status(), 51);
        desk.told(desk.stripe.close_dispute(end));
        assert_eq!(status(), after, "{end}");
    }
    assert_eq!(desk.events().iter().filter(|event| *event == "order:paid").count(), 2);
}

#[test]
fn money_in_another_currency_pays_nothing_and_is_flagged() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    *desk.stripe.pays_in.borrow_mut() = Some("huf".into());
    desk.told(desk.stripe.pay(&link.order_id));
    let order = desk.grace.order(&link.order_id);
    assert_eq!((&order["status"], &order["exceptions"]), (&json!(0), &json!(["wrong_currency"])));
}

#[test]
fn yen_and_kronur_are_asked_for_as_stripe_counts_them_and_booked_as_we_do() {
    let world = World::new();
    let desk = world.cards();
    for (currency, value, units, minor) in [
        ("JPY", "1500", 1_500, "1500"),
        ("ISK", "900", 90_000, "900"),
        ("MGA", "5000", 5_000, "500000"),
        ("KWD", "1.250", 1_250, "1250"),
    ] {
        let link = desk.order(json!({"currency": currency, "value": value}));
        assert_eq!(desk.stripe.sessions().last().unwrap()["amount_total"], json!(units), "{currency}");
        desk.told(desk.stripe.pay(&link.order_id));
        assert_eq!(desk.grace.status(&link.order_id), 100, "{currency}");
        let id = &link.order_id;
        assert_eq!(world.db.one(&format!("SELECT value FROM movements WHERE order_id = '{id}'")), minor);
    }
    for (currency, value, sentence) in [
        ("KWD", "1.234", "Value has fractions of KWD that Stripe does not take"),
        ("KWD", "1.255", "Value has fractions of KWD that Stripe does not take"),
        ("BHD", "0.001", "Value has fractions of BHD that Stripe does not take"),
        ("MGA", "10.50", "Value has fractions of MGA that Stripe does not take"),
        ("MGA", "5000.20", "Value has fractions of MGA that Stripe does not take"),
        ("UYW", "10", "Currency UYW is not taken by Stripe"),
        ("IQD", "5000", "Currency IQD is not taken by Stripe"),
        ("CUP", "10", "Currency CUP is not taken by Stripe"),
        ("USD", "0.49", "Value is too small for Stripe (minimum is 0.50 USD)"),
        ("JPY", "49", "Value is too small for Stripe (minimum is 50 JPY)"),
        ("HUF", "174.99", "Value is too small for Stripe (minimum is 175.00 HUF)"),
    ] {
        let asked = json!({"gateway": "Stripe", "currency": currency, "value": value});
        assert_eq!(desk.grace.pay(asked).errors(), [sentence], "{value} {currency}");
    }
    for (currency, value) in [("USD", "0.50"), ("JPY", "50"), ("TND", "1.230"), ("XCG", "1"), ("KES", "1")] {
        desk.grace.pay(json!({"gateway": "Stripe", "currency": currency, "value": value})).expect(201);
    }
}

#[test]
fn what_is_not_signed_by_stripe_for_this_account_is_refused_and_leaves_nothing() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    let good = desk.stripe.pay(&link.order_id);
    let at = world.now() / SECOND;
    let with = |signature: String| Event { body: good.body.clone(), signature };
    let unsigned = "The notice is not signed with this account's secret";
    for bad in [
        with(String::new()),
        with(format!("t={at},v1={}", tag("whsec_of_somebody_else", at, &good.body))),
        with(format!("t={},v1={}", at - 301, tag(&secret(), at - 301, &good.body))),
        with(format!("t={},v1={}", at + 301, tag(&secret(), at + 301, &good.body))),
        with(format!("t={at},v0={}", tag(&secret(), at, &good.body))),
        Event { body: good.body.replace("paid", "Paid"), signature: good.signature.clone() },
    ] {
        assert_eq!(desk.tell(&bad).errors(), [unsigned]);
    }
    for nonsense in ["", "7", "{}", r#"{"id":"evt_1"}"#, r#"{"id":"x","livemode":true}"#, "not json"] {
        let reply = desk.tell(&desk.stripe.sign(nonsense.into()));
        assert_eq!(reply.errors(), ["This is not a notice of the gateway"], "{nonsense}");
    }
    desk.stripe.live.set(false);
    desk.told(desk.stripe.pay(&link.order_id));
    desk.stripe.live.set(true);
    let session = desk.stripe.sessions()[0].clone();
    desk.told(desk.stripe.event("payment_intent.succeeded", session.clone()));
    desk.told(
        desk.stripe.event("checkout.session.completed", json!({"id": "cs_1", "client_reference_id": link.order_id})),
    );
    desk.told(
        desk.stripe.event("checkout.session.completed", json!({"id": "cs_1", "metadata": {"order": "nobody's"}})),
    );
    desk.told(desk.stripe.event("charge.refunded", json!({"id": "ch_1", "payment_intent": null})));
    assert_eq!((world.db.rows_in("notifications"), world.db.rows_in("movements")), (0, 0));
    assert_eq!(desk.grace.status(&link.order_id), 0);
    let other = world.seller_named("eve@example.com", false);
    let account = other.put("/account", json!({"gateways": {"stripe": {"secret_key": key()}}})).expect(200).json();
    let url = account["gateways"]["stripe"]["notify_url"].as_str().unwrap();
    world.ask("POST", url).header("stripe-signature", &good.signature).body(good.body.clone()).send().expect(400);
    desk.told(good);
    assert_eq!(desk.grace.status(&link.order_id), 100);
}

#[test]
fn a_payment_that_only_says_it_is_the_orders_does_not_pay_it() {
    let world = World::new();
    let desk = world.cards();
    let (cheap, dear) = (desk.order(json!({"value": "1.00"})), desk.order(json!({"value": "99.00"})));
    // The cheap one's session claims the dear one's order, in an event that is signed.
    let event = desk.stripe.pay(&cheap.order_id);
    let claims = event.body.replace(&cheap.order_id, &dear.order_id);
    desk.told(desk.stripe.sign(claims));
    assert_eq!((desk.grace.status(&cheap.order_id), desk.grace.status(&dear.order_id)), (100, 0));
    assert_eq!(world.db.rows_in("movements"), 1, "what counts is what the API says");
}

#[test]
fn an_order_without_a_page_sends_its_buyer_to_the_sellers() {
    let world = World::new();
    let desk = world.cards();
    let order = desk.grace.white_label(json!({"gateway": "Stripe"}));
    let sent = world.web.sent_to(API);
    let form: Vec<_> = form_urlencoded::parse(sent[0].body.as_bytes()).into_owned().collect();
    let value = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(
        (value("success_url"), value("cancel_url")),
        ("https://ada.example/thanks".into(), "https://ada.example/thanks".into())
    );
    assert!(order.to_string().contains("https://checkout.stripe.com/c/pay/cs_live_"), "{order}");
    let fields = crate::actors::payment(json!({"gateway": "Stripe", "white_label": true, "return_url": null}));
    assert_eq!(
        desk.grace.post("/pay", fields).errors(),
        ["Gateway refused to open the payment (return_url is missing)"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_event_five_times_in_any_order_leaves_the_same_rows(
        order in Just((0..30).collect::<Vec<usize>>()).prop_shuffle(),
        pauses in prop::collection::vec(any::<bool>(), 30),
    ) {
        let rows = |order: &[usize], pauses: &[bool]| {
            let world = World::new();
            let desk = world.cards();
            let link = desk.order(json!({}));
            let id = &link.order_id;
            let mut events = vec![desk.stripe.pay(id)];
            world.advance(SECOND);
            events.push(desk.stripe.refund(id, 250, "succeeded").1);
            let (refund, event) = desk.stripe.refund(id, 100, "pending");
            events.extend([event, desk.stripe.dispute(id, "needs_response")]);
            world.advance(SECOND);
            events.push(desk.stripe.fail_refund(id, &refund));
            events.push(desk.stripe.close_dispute("won"));
            for (n, pause) in order.iter().zip(pauses) {
                desk.tell(&events[n % events.len()]).expect(200);
                if *pause {
                    world.run_jobs();
                }
            }
            world.run_jobs();
            let movements = world.db.query("SELECT order_id, id, kind, about, value, at FROM movements ORDER BY id, kind");
            let orders = world.db.query("SELECT id, status, paid_value, refunded_value, wrong_currency FROM orders");
            let paid = desk.events().iter().filter(|event| *event == "order:paid").count();
            (movements, orders, paid, world.db.rows_in("notifications"))
        };
        let (movements, orders, paid, notifications) = rows(&order, &pauses);
        prop_assert_eq!((movements.len(), paid, notifications), (5, 1, 6));
        let sorted: Vec<usize> = (0..30).collect();
        prop_assert_eq!(rows(&sorted, &[false; 30]), (movements, orders, paid, notifications));
    }
}
