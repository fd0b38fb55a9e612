//! Refunds by the API: at Stripe and PayPal their answer decides, coins are written down.

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    gateway::paypal,
    world::{API, DAY, Landed, MINUTE, World, capture_of},
};

const REFUNDS: &str = "https://api.stripe.com/v1/refunds";

fn refund(seller: &Seller<'_>, order: &str, body: Value) -> Reply {
    seller.post(&format!("/orders/{order}/refund"), body)
}

fn under(seller: &Seller<'_>, order: &str, key: &str, body: &Value) -> Reply {
    seller.ask("POST", &format!("/orders/{order}/refund")).header("idempotency-key", key).json(body).send()
}

/// The requests for refunds that Stripe got.
fn asked(world: &World) -> Vec<crate::world::Sent> {
    world.web.sent_to(REFUNDS).into_iter().filter(|sent| sent.method == "POST").collect()
}

fn refunds(seller: &Seller<'_>, order: &str) -> Vec<Value> {
    let history = seller.get(&format!("/orders/{order}/history")).expect(200).json();
    let entries = history.as_array().unwrap().iter().filter(|entry| entry["action"] == "refund");
    entries.map(|entry| json!([entry["from"], entry["to"], entry["by"], entry["note"]])).collect()
}

#[test]
fn stripe_sends_the_money_back_and_its_own_event_counts_no_second_time() {
    let world = World::new();
    let desk = world.cards();
    let order = desk.order(json!({})).order_id;
    desk.told(desk.stripe.pay(&order));
    let grace = &desk.grace;
    let part = refund(grace, &order, json!({"amount": "4"})).expect(200).json();
    assert_eq!((&part["status"], &part["exceptions"]), (&json!(100), &json!(["partially_refunded"])));
    let sent = asked(&world);
    assert_eq!(sent[0].header("idempotency-key"), format!("{order}-refund-0-400"));
    let form: Vec<_> = form_urlencoded::parse(sent[0].body.as_bytes()).into_owned().collect();
    assert_eq!(form[1..], [("amount".into(), "400".into()), ("metadata[order]".into(), order.clone())]);
    desk.told(desk.stripe.refund_event());
    assert_eq!(world.db.one("SELECT refunded_value FROM orders"), "400");
    let most = refund(grace, &order, json!({"amount": "6.01"})).expect(400).errors();
    assert_eq!(most, ["Amount is more than can go back (maximum is 6.0 USD)"]);
    let rest = refund(grace, &order, json!({})).expect(200).json();
    assert_eq!(rest["status"], 56);
    desk.told(desk.stripe.refund_event());
    assert_eq!(world.db.one("SELECT refunded_value FROM orders"), "1000");
    assert_eq!(refunds(grace, &order), [json!([100, 100, "seller", "4.0 USD"]), json!([100, 56, "seller", "6.0 USD"])]);
    let none = refund(grace, &order, json!({})).expect(409);
    assert_eq!((none.message(), desk.stripe.refunds()), ("Order has no money that can go back".into(), 2));
}

#[test]
fn stripes_answer_decides() {
    let world = World::new();
    let desk = world.cards();
    let order = desk.order(json!({})).order_id;
    let grace = &desk.grace;
    assert_eq!(refund(grace, &order, json!({})).expect(409).message(), "Order has no money that can go back");
    desk.told(desk.stripe.pay(&order));
    let refused = crate::world::answer(402, r#"{"error":{"code":"insufficient_funds","message":"no"}}"#);
    *desk.stripe.mood.borrow_mut() = Some(refused);
    assert_eq!(
        refund(grace, &order, json!({})).expect(409).message(),
        "Gateway refused the refund (insufficient_funds)"
    );
    *desk.stripe.mood.borrow_mut() = Some(crate::world::answer(503, ""));
    assert_eq!(refund(grace, &order, json!({})).expect(503).header("retry-after"), Some("30"));
    *desk.stripe.mood.borrow_mut() = None;
    assert_eq!(grace.status(&order), 100);
    desk.stripe.refunds_as.set("pending");
    assert_eq!(refund(grace, &order, json!({})).expect(200).json()["status"], 100, "it is on its way");
    assert_eq!(refunds(grace, &order), [json!([100, 100, "seller", "10.0 USD"])]);
    assert_eq!(refund(grace, &order, json!({})).expect(200).json()["status"], 100, "asked for under the same key");
    assert_eq!(desk.stripe.refunds(), 1);
}

#[test]
fn money_goes_back_once_whatever_breaks() {
    for (landed, lost) in [(Some(Landed::No), false), (Some(Landed::Yes), false), (None, true)] {
        let world = World::new();
        let desk = world.cards();
        let order = desk.order(json!({})).order_id;
        desk.told(desk.stripe.pay(&order));
        let body = json!({"amount": "4.00"});
        if let Some(landed) = landed {
            world.db.break_commit(1, landed);
        }
        desk.stripe.loses.set(lost);
        let first = under(&desk.grace, &order, "once", &body).status();
        assert!(first >= 500, "{first}");
        world.db.mend();
        // Stripe tells of it before the seller asks again.
        desk.told(desk.stripe.refund_event());
        world.advance(2 * MINUTE);
        let again = under(&desk.grace, &order, "once", &body).expect(200).json();
        assert_eq!(again["exceptions"], json!(["partially_refunded"]));
        assert_eq!((desk.stripe.refunds(), world.db.one("SELECT refunded_value FROM orders")), (1, "400".into()));
        assert_eq!(refunds(&desk.grace, &order).len(), 1);
    }
}

#[test]
fn a_change_while_the_money_goes_back_asks_for_no_second_refund() {
    let world = World::new();
    let desk = world.cards();
    let order = desk.order(json!({})).order_id;
    desk.told(desk.stripe.pay(&order));
    let (db, its) = (world.db.clone(), order.clone());
    world
        .db
        .before_commit(1, move || db.change(&format!("UPDATE orders SET revision = revision + 1 WHERE id = '{its}'")));
    assert_eq!(refund(&desk.grace, &order, json!({})).expect(200).json()["status"], 56);
    assert_eq!(asked(&world).len(), 1);
}

#[test]
fn paypal_sends_back_what_its_app_captured() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = paypal::scene::with_app(&world);
    let (link, _) = paypal::scene::started(&world, &ada, json!({}));
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    let order = &link.order_id;
    assert_eq!(ada.status(order), 100);
    paypal.loses.set(true);
    under(&ada, order, "k", &json!({"amount": "2.50"})).expect(503);
    let part = under(&ada, order, "k", &json!({"amount": "2.50"})).expect(200).json();
    assert_eq!((&part["status"], &part["exceptions"]), (&json!(100), &json!(["partially_refunded"])));
    assert_eq!(paypal.refunds.borrow().len(), 1, "one for its request id");
    let sent = world.web.sent_to(&format!("{API}/v2/payments/captures/"));
    assert_eq!(sent[0].json(), json!({"amount": {"currency_code": "USD", "value": "2.50"}, "custom_id": order}));
    let capture = paypal.newest(|order| capture_of(order)["id"].as_str().unwrap().to_owned());
    assert!(sent[0].url.ends_with(&format!("/{capture}/refund")));
    // PayPal's own event is about the same refund.
    let told = paypal.refunds.borrow()[0].1.clone();
    paypal::scene::happens(&world, &paypal, &paypal::scene::event("PAYMENT.CAPTURE.REFUNDED", told));
    assert_eq!(world.db.one("SELECT refunded_value FROM orders"), "250");
    assert_eq!(refund(&ada, order, json!({})).expect(200).json()["status"], 56);
}

#[test]
fn what_a_button_took_goes_back_at_paypal_itself() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = paypal::scene::with_button(&world);
    let (link, _) = paypal::scene::started(&world, &ada, json!({}));
    paypal::scene::happens(&world, &paypal, &paypal::scene::ipn(&link.order_id, &[]));
    assert_eq!(ada.status(&link.order_id), 100);
    let no = refund(&ada, &link.order_id, json!({})).expect(409);
    assert_eq!(no.message(), "Order can only be refunded at its gateway: there is no API for its payment");
}

#[test]
fn coins_go_back_by_a_transaction_of_the_sellers_which_is_written_down() {
    let world = World::new();
    let ada = world.seller();
    let order = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    let txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
    let body = json!({"txid": txid});
    assert_eq!(refund(&ada, &order, body.clone()).expect(409).message(), "Order has no money that can go back");
    ada.simulate(&order, "exact", 1);
    let errors = |body: Value| refund(&ada, &order, body).expect(400).errors();
    assert_eq!(errors(json!({})), ["Txid can't be blank"]);
    assert_eq!(errors(json!({"txid": "a b"})), ["Txid is not a transaction's id"]);
    assert_eq!(
        errors(json!({"txid": txid, "amount": "1"})),
        ["Amount is for PayPal and Stripe alone: coins go back by a transaction of yours"]
    );
    assert_eq!(refund(&ada, &order, body.clone()).expect(200).json()["status"], 56);
    assert_eq!(refunds(&ada, &order), [json!([100, 56, "seller", txid])]);
    world.live_through(DAY);
    assert_eq!(ada.status(&order), 56, "the coins are still there, and the order stays refunded");
    refund(&ada, &order, body).expect(409);
    let desk = world.cards();
    let card = desk.order(json!({})).order_id;
    let errors = refund(&desk.grace, &card, json!({"txid": txid, "amount": "0"})).expect(400).errors();
    assert_eq!(
        errors,
        ["Txid is for coins alone: PayPal and Stripe send the money back themselves", "Amount must be greater than 0"]
    );
}
