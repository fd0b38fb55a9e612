//! Money that is taken back at PayPal, and events that tell of somebody else's payment.

use std::rc::Rc;

use serde_json::{Value, json};

use super::scene::{event, exceptions, happens, ipn, started, with_app, with_button};
use crate::{
    actors::{Link, Seller},
    world::{API, PayPal, World, capture_of},
};

/// An order that was paid through the app.
struct Paid<'w> {
    world: &'w World,
    paypal: Rc<PayPal>,
    ada: Seller<'w>,
    link: Link,
    capture: Value,
}

fn paid(world: &World) -> Paid<'_> {
    let paypal = world.paypal();
    let ada = with_app(world);
    let (link, _) = started(world, &ada, json!({}));
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    assert_eq!(ada.status(&link.order_id), 100);
    let capture = paypal.newest(|order| capture_of(order).clone());
    Paid { world, paypal, ada, link, capture }
}

fn dollars(value: &str) -> Value {
    json!({"currency_code": "USD", "value": value})
}

impl Paid<'_> {
    fn happens(&self, kind: &str, resource: Value) {
        happens(self.world, &self.paypal, &event(kind, resource));
    }

    fn end(&self) -> (i64, Value, String) {
        let id = &self.link.order_id;
        let refunded = self.world.db.one(&format!("SELECT refunded_value FROM orders WHERE id = '{id}'"));
        (self.ada.status(id), exceptions(&self.ada, id), refunded)
    }

    /// What PayPal took back, at this second of the day.
    fn reversal(&self, id: &str, value: &str, second: u32) -> Value {
        let up = format!("{API}/v2/payments/captures/{}", self.capture["id"].as_str().unwrap());
        json!({
            "id": id, "status": "COMPLETED", "amount": dollars(value), "custom_id": self.link.order_id,
            "create_time": format!("2023-11-20T00:00:{second:02}Z"), "links": [{"rel": "up", "href": up}],
        })
    }

    /// A dispute as it stands at this second of the day, for PayPal and for its events.
    fn dispute(&self, second: u32, changed: Value) -> Value {
        let mut dispute = json!({
            "dispute_id": "PP-D-27803", "create_time": "2023-11-20T00:00:00Z",
            "update_time": format!("2023-11-20T00:00:{second:02}Z"), "status": "UNDER_REVIEW",
            "disputed_transactions": [{"seller_transaction_id": self.capture["id"], "custom": self.link.order_id}],
            "dispute_amount": dollars("2.50"), "dispute_life_cycle_stage": "CHARGEBACK",
        });
        dispute.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        self.paypal.dispute(&dispute);
        dispute
    }
}

fn resolved(outcome: &str) -> Value {
    json!({"status": "RESOLVED", "dispute_outcome": {"outcome_code": outcome}})
}

#[test]
fn a_signed_event_about_another_order_at_paypal_pays_nothing() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_app(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let theirs = |related: Value| {
        json!({
            "id": "3C900000000000000", "status": "COMPLETED", "amount": dollars("10.00"), "custom_id": link.order_id,
            "invoice_id": link.order_id, "payee": {"merchant_id": "EVE", "email_address": "eve@example.com"},
            "supplementary_data": {"related_ids": related},
        })
    };
    let refund = json!({
        "id": "4R1", "status": "COMPLETED", "amount": dollars("10.00"), "custom_id": link.order_id,
        "links": [{"rel": "up", "href": format!("{API}/v2/payments/captures/3C900000000000000")}],
    });
    let disputed = json!([{"seller_transaction_id": "3C900000000000000", "custom": link.order_id}]);
    for (kind, resource) in [
        ("PAYMENT.CAPTURE.COMPLETED", theirs(json!({"order_id": "5O9EVE"}))),
        ("PAYMENT.CAPTURE.COMPLETED", theirs(json!({}))),
        ("PAYMENT.CAPTURE.PENDING", theirs(json!({"order_id": "5O9EVE"}))),
        ("PAYMENT.CAPTURE.DENIED", theirs(json!({"order_id": "5O9EVE"}))),
        ("CHECKOUT.ORDER.APPROVED", json!({"id": "5O9EVE", "purchase_units": [{"custom_id": link.order_id}]})),
        ("PAYMENT.CAPTURE.REFUNDED", refund.clone()),
        ("PAYMENT.CAPTURE.REVERSED", refund),
        ("CUSTOMER.DISPUTE.CREATED", json!({"dispute_id": "PP-D-1", "disputed_transactions": disputed})),
    ] {
        happens(&world, &paypal, &event(kind, resource));
        assert_eq!((ada.status(&link.order_id), world.db.rows_in("movements")), (0, 0), "{kind}");
    }
    assert_eq!(world.db.one("SELECT COUNT(*) FROM notifications WHERE due_at IS NOT NULL"), "0", "none is heard again");
    let line = world.log.last("notification.not_believed");
    assert_eq!(
        (&line["order_id"], &line["error"]),
        (&json!(link.order_id), &json!("its capture is none of the order's"))
    );
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    assert_eq!(ada.status(&link.order_id), 100, "its own order pays it");
}

#[test]
fn an_event_of_the_app_does_not_pay_an_order_of_the_button() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let app = json!({"client_id": crate::world::CLIENT_ID, "client_secret": crate::world::CLIENT_SECRET, "webhook_id": crate::world::WEBHOOK_ID});
    ada.put("/account", json!({"gateways": {"paypal": app}})).expect(200);
    let capture = json!({"id": "3C1", "status": "COMPLETED", "amount": dollars("10.00"), "custom_id": link.order_id});
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.COMPLETED", capture));
    assert_eq!((ada.status(&link.order_id), world.db.rows_in("movements")), (0, 0));
}

#[test]
fn a_reversal_after_a_won_dispute_counts_in_every_order_of_hearing() {
    // Each is heard at a place of the list; the end is the same.
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 3, 0, 2], [3, 0, 2, 1]] {
        for (last, status) in [("10.00", 51), ("2.50", 100)] {
            let world = World::new();
            let paid = paid(&world);
            let events = [
                ("CUSTOMER.DISPUTE.CREATED", paid.dispute(1, json!({}))),
                ("PAYMENT.CAPTURE.REVERSED", paid.reversal("1Y1", "10.00", 2)),
                ("CUSTOMER.DISPUTE.RESOLVED", paid.dispute(3, resolved("RESOLVED_SELLER_FAVOUR"))),
                ("PAYMENT.CAPTURE.REVERSED", paid.reversal("1Y2", last, 4)),
            ];
            for n in order {
                let (kind, resource) = &events[n];
                paid.happens(kind, resource.clone());
            }
            assert_eq!(paid.end().0, status, "{order:?} {last}");
        }
    }
}

#[test]
fn of_a_part_that_was_taken_back_only_that_part_is_gone() {
    let world = World::new();
    let one = paid(&world);
    one.happens("PAYMENT.CAPTURE.REVERSED", one.reversal("1Y1", "-2.50", 1));
    assert_eq!(one.end(), (100, json!(["partially_refunded"]), "250".into()));
    assert!(one.world.buyer().get(&one.link.order()).text().contains("2.50 USD"), "the buyer sees how much");
    one.happens("PAYMENT.CAPTURE.REVERSED", one.reversal("1Y2", "7.50", 2));
    assert_eq!(one.end(), (51, json!([]), "1000".into()));

    for (outcome, also, end) in [
        (json!({"outcome_code": "RESOLVED_BUYER_FAVOUR", "amount_refunded": dollars("2.50")}), None, (100, "250")),
        (
            json!({"outcome_code": "ACCEPTED", "amount_refunded": dollars("2.50")}),
            Some(("REFUNDED", "2.50")),
            (100, "250"),
        ),
        (json!({"outcome_code": "RESOLVED_BUYER_FAVOUR"}), Some(("REVERSED", "2.50")), (100, "250")),
        (json!({"outcome_code": "ACCEPTED", "amount_refunded": dollars("10.00")}), None, (51, "1000")),
        (
            json!({"outcome_code": "ACCEPTED", "amount_refunded": dollars("10.00")}),
            Some(("REFUNDED", "10.00")),
            (56, "1000"),
        ),
        (json!({"outcome_code": "RESOLVED_WITH_PAYOUT"}), None, (100, "0")),
        (json!({"outcome_code": "DENIED"}), Some(("REFUNDED", "1.00")), (100, "100")),
    ] {
        let world = World::new();
        let paid = paid(&world);
        paid.happens("CUSTOMER.DISPUTE.CREATED", paid.dispute(1, json!({})));
        assert_eq!(paid.end(), (51, json!([]), "0".into()), "open");
        let changed = json!({"status": "RESOLVED", "dispute_outcome": outcome});
        paid.happens("CUSTOMER.DISPUTE.RESOLVED", paid.dispute(2, changed));
        if let Some((kind, value)) = also {
            paid.happens(&format!("PAYMENT.CAPTURE.{kind}"), paid.reversal("1Y1", value, 3));
        }
        let (status, _, refunded) = paid.end();
        assert_eq!((status, refunded.as_str()), end, "{outcome} {also:?}");
    }
}

#[test]
fn a_buyers_inquiry_changes_nothing_but_the_exceptions() {
    let world = World::new();
    let paid = paid(&world);
    let inquiry = json!({"dispute_life_cycle_stage": "INQUIRY", "status": "WAITING_FOR_SELLER_RESPONSE"});
    paid.happens("CUSTOMER.DISPUTE.CREATED", paid.dispute(1, inquiry.clone()));
    assert_eq!(paid.end(), (100, json!(["inquiry"]), "0".into()));
    paid.happens("CUSTOMER.DISPUTE.UPDATED", paid.dispute(2, json!({})));
    assert_eq!(paid.end(), (51, json!([]), "0".into()), "it was escalated");
    paid.happens("CUSTOMER.DISPUTE.RESOLVED", paid.dispute(3, resolved("CANCELED_BY_BUYER")));
    assert_eq!(paid.end(), (100, json!([]), "0".into()));
    paid.happens("CUSTOMER.DISPUTE.UPDATED", paid.dispute(4, json!({})));
    assert_eq!(paid.end().0, 51, "it was opened again");
    paid.happens("CUSTOMER.DISPUTE.RESOLVED", paid.dispute(5, resolved("NONE")));
    assert_eq!(paid.end().0, 100);
}

#[test]
fn what_a_dispute_has_come_to_is_asked_of_paypal_where_the_app_may_ask() {
    let world = World::new();
    let paid = paid(&world);
    let opened = paid.dispute(1, json!({}));
    paid.dispute(2, resolved("RESOLVED_SELLER_FAVOUR"));
    paid.happens("CUSTOMER.DISPUTE.CREATED", opened.clone());
    assert_eq!(paid.end().0, 100, "an old event, heard late");
    paid.paypal.hides_disputes.set(true);
    let mut other = opened;
    other["dispute_id"] = json!("PP-D-2");
    paid.happens("CUSTOMER.DISPUTE.CREATED", other.clone());
    assert_eq!(paid.end().0, 51, "what it says itself");
    // An order that PayPal knows no more: what was captured for it is known.
    paid.paypal.hides_disputes.set(false);
    paid.paypal.forgets.set(true);
    other["status"] = json!("RESOLVED");
    other["dispute_outcome"] = json!({"outcome_code": "DENIED"});
    other["update_time"] = json!("2023-11-20T00:00:09Z");
    paid.happens("CUSTOMER.DISPUTE.RESOLVED", other);
    assert_eq!(paid.end().0, 100);
}

#[test]
fn a_refund_that_does_not_arrive_is_none_whatever_is_heard_first() {
    for failed in ["FAILED", "CANCELLED"] {
        for order in [[0, 1], [1, 0]] {
            let world = World::new();
            let paid = paid(&world);
            let refund = |status: &str| {
                let mut refund = paid.reversal("4R1", "10.00", 1);
                refund["status"] = json!(status);
                refund
            };
            for n in order {
                paid.happens("PAYMENT.CAPTURE.REFUNDED", refund(["PENDING", failed][n]));
            }
            assert_eq!(paid.end(), (100, json!([]), "0".into()), "{failed} {order:?}");
        }
    }
}

#[test]
fn a_buyer_who_only_talks_to_the_seller_has_disputed_nothing() {
    for (case_type, status) in [("dispute", 100), ("complaint", 51), ("chargeback", 51), ("bankreturn", 51), ("", 51)] {
        let world = World::new();
        let paypal = world.paypal();
        let ada = with_button(&world);
        let (link, _) = started(&world, &ada, json!({}));
        let case = [("txn_type", "new_case"), ("case_id", "PP-D-1"), ("payment_status", ""), ("case_type", case_type)];
        happens(&world, &paypal, &ipn(&link.order_id, &[]));
        happens(&world, &paypal, &ipn(&link.order_id, &case));
        let asks = if status == 100 { json!(["inquiry"]) } else { json!([]) };
        assert_eq!((ada.status(&link.order_id), exceptions(&ada, &link.order_id)), (status, asks), "{case_type}");
        // It is escalated under the same case.
        let claim =
            [("txn_type", "new_case"), ("case_id", "PP-D-1"), ("payment_status", ""), ("case_type", "complaint")];
        happens(&world, &paypal, &ipn(&link.order_id, &claim));
        assert_eq!((ada.status(&link.order_id), exceptions(&ada, &link.order_id)), (51, json!([])));
    }
}

#[test]
fn an_ipn_of_a_part_takes_back_that_part() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_button(&world);
    let (link, _) = started(&world, &ada, json!({}));
    let tell = |changed: &[(&str, &str)]| happens(&world, &paypal, &ipn(&link.order_id, changed));
    let end = || {
        let refunded = world.db.one("SELECT refunded_value FROM orders");
        (ada.status(&link.order_id), exceptions(&ada, &link.order_id), refunded)
    };
    let payment = ("parent_txn_id", "61E67681CH3238416");
    let case = |kind| [("txn_type", kind), ("case_id", "PP-D-1"), ("payment_status", "")];
    tell(&[]);
    tell(&case("new_case"));
    assert_eq!(end(), (51, json!([]), "0".into()));
    tell(&[("payment_status", "Reversed"), payment, ("mc_gross", "-2.50"), ("txn_id", "R1")]);
    assert_eq!(end().0, 51, "the case is open");
    tell(&case("adjustment"));
    assert_eq!(end(), (100, json!(["partially_refunded"]), "250".into()));
    tell(&[
        ("payment_status", "Canceled_Reversal"),
        payment,
        ("mc_gross", "2.50"),
        ("txn_id", "C1"),
        ("payment_date", "16:11:00 Nov 14, 2023 PST"),
    ]);
    assert_eq!(end(), (100, json!([]), "0".into()));
}
