//! PayPal's Orders API: what is opened there, when it is captured, and what its webhooks tell of it.

use std::rc::Rc;

use serde_json::json;

use super::scene::{event, exceptions, happens, ipn, paid_events, signed, started, tell, with_app, with_button};
use crate::{
    actors::ORIGIN,
    world::{API, CLIENT_ID, CLIENT_SECRET, HOUR, MINUTE, PayPal, SECOND, WEBHOOK_ID, World, capture_of},
};

fn shop_with_app() -> (World, Rc<PayPal>) {
    let world = World::new();
    let paypal = world.paypal();
    (world, paypal)
}

#[test]
fn an_app_opens_an_order_at_paypal_that_is_captured_when_the_buyer_comes_back() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, url) = started(&world, &ada, json!({"title": "A \"book\"", "quantity": 2}));
    assert_eq!(url, "https://www.sandbox.paypal.com/checkoutnow?token=5O190127410000000");
    let page = format!("{ORIGIN}{}", link.order());
    let asked = world.web.sent_to(&format!("{API}/v2/checkout/orders"));
    assert_eq!(
        asked[0].json(),
        json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "description": "2 × A \"book\"", "custom_id": link.order_id, "invoice_id": link.order_id,
                "amount": {"currency_code": "USD", "value": "10.00"},
            }],
            "payment_source": {"paypal": {"experience_context": {
                "return_url": format!("{page}?back=paid"), "cancel_url": format!("{page}?back=cancelled"),
                "shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW",
            }}},
        })
    );
    world.run_jobs();
    let (counts, reply) = world.count(|| world.buyer().get(&format!("{}?back=cancelled", link.order())));
    assert!(reply.expect(200).text().contains(&url), "he can go there again");
    assert_eq!(
        (counts.reads, counts.commits, counts.fetches),
        (4, 0, 1),
        "read, looked (with the settings), read again"
    );
    world.advance(5 * SECOND);
    paypal.approves();
    let (counts, reply) = world.count(|| world.buyer().get(&format!("{}?back=paid", link.order())));
    assert!(reply.expect(200).text().contains("Payment complete"));
    assert_eq!((counts.reads, counts.commits, counts.fetches), (4, 1, 2));
    world.run_jobs();
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1));
    assert_eq!(paypal.tokens.get(), 1, "one token served all of it");
    // Its notifications tell the same, under the same ids.
    let before = world.db.query("SELECT * FROM movements");
    let capture = paypal.newest(|order| capture_of(order).clone());
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.COMPLETED", capture));
    let order = paypal.newest(|order| order.clone());
    happens(&world, &paypal, &event("CHECKOUT.ORDER.APPROVED", order));
    assert_eq!((world.db.query("SELECT * FROM movements"), paid_events(&world)), (before, 1));
}

#[test]
fn a_buyer_who_closes_the_page_has_paid_when_his_notice_comes() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    world.run_jobs();
    paypal.approves();
    let approved = paypal.newest(|order| order.clone());
    let body = paypal.sends(&event("CHECKOUT.ORDER.APPROVED", approved));
    signed(&world, &body).send().expect(200);
    let (counts, _) = world.count(|| assert!(world.run_jobs() >= 1));
    assert_eq!(counts.fetches, 3 + 2, "asked whether it is true, read, captured; and two webhooks");
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1));
}

#[test]
fn a_buyer_who_closes_the_page_has_paid_even_when_no_notice_comes() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    world.live_through(MINUTE);
    paypal.approves();
    world.live_through(20 * MINUTE);
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1));
}

#[test]
fn a_refused_card_leaves_the_order_open_and_another_one_pays_it() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, url) = started(&world, &ada, json!({}));
    paypal.approves();
    paypal.declines.set(true);
    let back = format!("{}?back=paid", link.order());
    assert!(world.buyer().get(&back).expect(200).text().contains(&url));
    assert_eq!(ada.status(&link.order_id), 0);
    paypal.declines.set(false);
    paypal.approves();
    paypal.captures_as.set("PENDING");
    world.advance(5 * SECOND);
    assert!(world.buyer().get(&back).expect(200).text().contains("PayPal"));
    assert_eq!(ada.status(&link.order_id), 55);
    let capture = paypal.newest(|order| {
        order["purchase_units"][0]["payments"]["captures"][0]["status"] = json!("DECLINED");
        capture_of(order).clone()
    });
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.DENIED", capture));
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (0, 0));
}

#[test]
fn refunds_reversals_and_disputes_are_heard_through_the_webhook() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    let capture = paypal.newest(|order| capture_of(order).clone());
    let id = capture["id"].as_str().unwrap();
    let up = json!([{"rel": "up", "href": format!("{API}/v2/payments/captures/{id}")}]);
    let amount = |value: &str| json!({"currency_code": "USD", "value": value});
    // It names its order or, if it doesn't, its capture does.
    let reversal = json!({"id": "1Y1", "status": "COMPLETED", "amount": amount("10.00"), "links": up});
    let disputed = json!([{"seller_transaction_id": id, "custom": link.order_id}]);
    let dispute =
        json!({"dispute_id": "PP-D-27803", "create_time": "2023-11-20T00:00:00Z", "disputed_transactions": disputed});
    let mut won = dispute.clone();
    won["dispute_outcome"] = json!({"outcome_code": "RESOLVED_SELLER_FAVOUR"});
    let refund = |id: &str, value: &str| json!({"id": id, "status": "COMPLETED", "amount": amount(value), "links": up, "custom_id": link.order_id});
    for (kind, resource, status) in [
        ("CUSTOMER.DISPUTE.CREATED", dispute, 51),
        ("PAYMENT.CAPTURE.REVERSED", reversal, 51),
        ("CUSTOMER.DISPUTE.RESOLVED", won, 100),
        ("PAYMENT.CAPTURE.REFUNDED", refund("4R1", "3.50"), 100),
        ("PAYMENT.CAPTURE.REFUNDED", refund("4R2", "6.50"), 56),
    ] {
        happens(&world, &paypal, &event(kind, resource));
        assert_eq!(ada.status(&link.order_id), status, "{kind}");
    }
    assert_eq!((paid_events(&world), world.db.one("SELECT refunded_value FROM orders")), (1, "1000".into()));
    let (link, _) = started(&world, &ada, json!({}));
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    let capture = paypal.newest(|order| capture_of(order).clone());
    let disputed = json!([{"custom": link.order_id, "seller_transaction_id": capture["id"]}]);
    let lost = json!({"dispute_id": "PP-D-2", "disputed_transactions": disputed, "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}});
    happens(&world, &paypal, &event("CUSTOMER.DISPUTE.RESOLVED", lost));
    assert_eq!(ada.status(&link.order_id), 51);
}

#[test]
fn an_event_that_paypal_did_not_sign_is_not_believed() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    world.run_jobs();
    let amount = json!({"currency_code": "USD", "value": "10.00"});
    let capture = json!({"id": "3C1", "status": "COMPLETED", "amount": amount, "custom_id": link.order_id});
    let body = event("PAYMENT.CAPTURE.COMPLETED", capture.clone());
    tell(&world, &body).expect(400);
    assert_eq!(world.db.rows_in("notifications"), 0, "it isn't even signed");
    signed(&world, &body).send().expect(200);
    world.run_jobs();
    assert_eq!(ada.status(&link.order_id), 0);
    let line = world.log.last("notification.not_believed");
    assert_eq!(line["order_id"], link.order_id);
    assert_eq!(line["error"], "PayPal says that it didn't sign it");
    for (kind, resource) in [("BILLING.PLAN.CREATED", capture), ("PAYMENT.CAPTURE.COMPLETED", json!({"id": "3C2"}))] {
        signed(&world, &event(kind, resource)).send().expect(200);
    }
    assert_eq!(world.db.rows_in("notifications"), 1, "what is no order's is not kept");
    ada.put("/account", json!({"gateways": {"paypal": {"webhook_id": null}}})).expect(200);
    signed(&world, &body).send().expect(400);
    // In another currency it pays nothing.
    ada.put("/account", json!({"gateways": {"paypal": {"webhook_id": WEBHOOK_ID}}})).expect(200);
    paypal.approves();
    paypal.newest(|order| order["purchase_units"][0]["amount"]["currency_code"] = json!("EUR"));
    let capture = json!({"id": "3C9", "status": "COMPLETED", "custom_id": link.order_id});
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.COMPLETED", capture));
    assert_eq!((ada.status(&link.order_id), exceptions(&ada, &link.order_id)), (0, json!(["wrong_currency"])));
}

#[test]
fn while_paypal_is_down_no_order_is_half_made() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let link = ada.link(json!({"gateway": "PayPal"}));
    paypal.down.set(true);
    let reply = world.buyer().post(&link.path, "").expect(503);
    assert_eq!(reply.header("retry-after"), Some("30"));
    assert!(reply.text().contains("pay again"), "{}", reply.text());
    let white_label = || {
        let fields = crate::actors::payment(json!({"gateway": "PayPal", "white_label": true}));
        ada.ask("POST", "/pay").header("idempotency-key", "one").json(&fields).send()
    };
    let reply = white_label();
    assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("30")));
    assert_eq!(reply.message(), "Gateway does not answer right now");
    assert_eq!((world.db.rows_in("orders"), paypal.count()), (0, 0));
    paypal.down.set(false);
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(white_label().expect(201).json()["status"], 0);
    assert_eq!((world.db.rows_in("orders"), paypal.count()), (2, 2));
    // A look that fails marks nothing.
    paypal.down.set(true);
    let before = world.db.query("SELECT * FROM orders");
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    assert_eq!(world.db.query("SELECT * FROM orders"), before);
}

#[test]
fn a_token_that_was_taken_back_is_replaced_and_wrong_credentials_are_the_sellers_to_mend() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    started(&world, &ada, json!({}));
    started(&world, &ada, json!({}));
    assert_eq!(paypal.tokens.get(), 1);
    paypal.tokens.set(7);
    started(&world, &ada, json!({}));
    assert_eq!(paypal.tokens.get(), 8, "asked for once more");
    world.advance(9 * HOUR);
    started(&world, &ada, json!({}));
    assert_eq!(paypal.tokens.get(), 9, "before its nine hours are over");
    let wrong = CLIENT_SECRET.replace("EGn", "AAA");
    ada.put("/account", json!({"gateways": {"paypal": {"client_secret": wrong}}})).expect(200);
    let link = ada.link(json!({"gateway": "PayPal"}));
    world.buyer().post(&link.path, "").expect(403);
    assert_eq!(world.db.rows_in("orders"), 4);
}

#[test]
fn neither_the_secret_nor_a_token_is_said_to_anybody() {
    let (world, paypal) = shop_with_app();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let mut said = vec![ada.get("/account").text(), ada.get(&format!("/orders/{}", link.order_id)).text()];
    paypal.down.set(true);
    said.push(world.buyer().get(&format!("{}?back=paid", link.order())).text());
    world.live_through(HOUR);
    paypal.down.set(false);
    world.web.says(&format!("{API}/v1/oauth2/token"), 401);
    paypal.tokens.set(5);
    said.push(world.buyer().get(&format!("{}?back=paid", link.order())).text());
    said.extend([world.db.dump(), world.log.text(), format!("{:?}", world.cache.snapshot())]);
    assert!(world.log.text().contains("gateway.sync_failed"), "something was logged");
    for text in said {
        for secret in [CLIENT_SECRET, "A21AAtoken", "QWVBMVFJWlhpZmxy"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn whoever_has_both_takes_the_app_and_still_hears_of_his_button() {
    let (world, paypal) = shop_with_app();
    let ada = with_button(&world);
    let (old, _) = started(&world, &ada, json!({}));
    let app = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
    ada.put("/account", json!({"gateways": {"paypal": app}})).expect(200);
    let (_, url) = started(&world, &ada, json!({}));
    assert!(url.contains("/checkoutnow?"), "{url}");
    happens(&world, &paypal, &ipn(&old.order_id, &[]));
    assert_eq!(ada.status(&old.order_id), 100);
    world.live_through(HOUR);
    let asked = |line: &String| line.contains("gateway.sync_failed") && line.contains(&old.order_id);
    assert!(!world.log.lines().iter().any(asked), "nobody looks for a button's payment");
}
