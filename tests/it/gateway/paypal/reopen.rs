//! Payments that PayPal declined, and pages of PayPal's that have ended: the buyer is told so and can pay after all.

use std::rc::Rc;

use serde_json::json;

use super::scene::{event, happens, ipn, paid_events, started, with_app, with_button};
use crate::{
    actors::{Link, ORIGIN, Seller},
    world::{API, CLIENT_SECRET, HOUR, PayPal, SECOND, World, capture_of},
};

fn shop(world: &World) -> (Rc<PayPal>, Seller<'_>, Link, String) {
    let paypal = world.paypal();
    let ada = with_app(world);
    let (link, url) = started(world, &ada, json!({}));
    (paypal, ada, link, url)
}

fn page(world: &World, link: &Link, query: &str) -> String {
    world.advance(6 * SECOND);
    world.buyer().get(&format!("{}{query}", link.order())).expect(200).text()
}

const DECLINED: &str = "PayPal declined this payment";

#[test]
fn who_was_declined_is_told_so_and_pays_with_another_card_on_the_same_page() {
    for issue in ["INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"] {
        let world = World::new();
        let (paypal, ada, link, url) = shop(&world);
        paypal.approves();
        paypal.declines.set(true);
        paypal.issue.set(issue);
        let told = page(&world, &link, "?back=paid");
        assert!(told.contains(DECLINED) && told.contains("Nothing was charged.") && told.contains(&url), "{told}");
        assert!(!told.contains("no need to pay again") && told.contains("-declined\""), "{told}");
        assert_eq!((ada.status(&link.order_id), paypal.count()), (0, 1));
        assert!(page(&world, &link, "").contains(DECLINED), "also without coming back");
        assert_eq!(world.log.last("gateway.capture_refused")["error"], issue);
        paypal.declines.set(false);
        assert!(page(&world, &link, "?back=paid").contains(DECLINED), "who was told so is not charged afterwards");
        let approved = paypal.newest(|order| order.clone());
        happens(&world, &paypal, &event("CHECKOUT.ORDER.APPROVED", approved));
        assert_eq!(ada.status(&link.order_id), 0, "nor by an event that comes late");
        paypal.approves();
        assert!(page(&world, &link, "?back=paid").contains("Payment complete"));
        assert_eq!((ada.status(&link.order_id), paypal.count()), (100, 1));
    }
}

#[test]
fn who_was_declined_for_good_pays_on_a_new_page() {
    for ends in ["TRANSACTION_REFUSED", "declined capture", "denied later"] {
        let world = World::new();
        let (paypal, ada, link, url) = shop(&world);
        world.run_jobs();
        paypal.approves();
        match ends {
            "declined capture" => paypal.captures_as.set("DECLINED"),
            "denied later" => paypal.captures_as.set("PENDING"),
            issue => {
                paypal.declines.set(true);
                paypal.issue.set(issue);
            }
        }
        let mut told = page(&world, &link, "?back=paid");
        if ends == "denied later" {
            assert!(told.contains("Payment pending"), "{told}");
            let capture = paypal.newest(|order| {
                order["purchase_units"][0]["payments"]["captures"][0]["status"] = json!("DECLINED");
                capture_of(order).clone()
            });
            happens(&world, &paypal, &event("PAYMENT.CAPTURE.DENIED", capture));
            told = page(&world, &link, "");
        }
        assert!(
            told.contains(DECLINED) && told.contains("Nothing was charged.") && !told.contains(&url),
            "{ends}: {told}"
        );
        assert!(told.contains(&format!("action=\"{}\"", link.order())) && !told.contains("no need to pay again"));
        paypal.declines.set(false);
        paypal.captures_as.set("COMPLETED");
        let reply = world.buyer().post(&link.order(), "").expect(303);
        assert_eq!(reply.header("location"), Some(format!("{}?go=1", link.order()).as_str()));
        assert_eq!(paypal.count(), 2);
        let going = page(&world, &link, "?go=1");
        assert!(going.contains("Taking you to PayPal") && going.contains("5O190127410000001"), "{going}");
        // What is captured late on the first page is an event about an order of its own.
        paypal.approves();
        assert!(page(&world, &link, "?back=paid").contains("Payment complete"), "{ends}");
        world.run_jobs();
        assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1), "{ends}");
    }
}

#[test]
fn a_declined_ipn_leaves_the_button_for_another_try() {
    for status in ["Denied", "Failed", "Expired", "Voided"] {
        let world = World::new();
        let paypal = world.paypal();
        let ada = with_button(&world);
        let (link, url) = started(&world, &ada, json!({}));
        happens(&world, &paypal, &ipn(&link.order_id, &[("payment_status", "Pending")]));
        assert!(page(&world, &link, "?back=paid").contains("Payment pending"));
        happens(&world, &paypal, &ipn(&link.order_id, &[("payment_status", status)]));
        let told = page(&world, &link, "?back=paid");
        assert!(told.contains(DECLINED) && told.contains(&url.replace('&', "&amp;")), "{status}: {told}");
        happens(&world, &paypal, &ipn(&link.order_id, &[("txn_id", "2ND")]));
        assert_eq!(ada.status(&link.order_id), 100);
    }
}

#[test]
fn a_page_that_has_ended_is_opened_anew_from_the_link_and_only_once() {
    let world = World::new();
    let (paypal, ada, link, url) = shop(&world);
    world.live_through(6 * HOUR + SECOND);
    let told = page(&world, &link, "");
    assert!(told.contains("Your time at PayPal is over") && told.contains("-ended\""), "{told}");
    assert!(!told.contains("expired") && !told.contains("Already sent"), "no word of coins: {told}");
    assert_eq!(told.matches("for a new link").count(), 0);
    for _ in 0..3 {
        world.buyer().post(&link.order(), "").expect(303);
    }
    assert_eq!(paypal.count(), 2, "pressed three times");
    let asked = world.web.sent_to(&format!("{API}/v2/checkout/orders"));
    let asked: Vec<_> = asked.iter().filter(|sent| sent.method == "POST").collect();
    assert_eq!(asked[0].header("paypal-request-id"), link.order_id);
    assert!(asked[1].header("paypal-request-id").starts_with(&format!("{}.", link.order_id)));
    let back = format!("{ORIGIN}{}?back=paid", link.order());
    let context = &asked[1].json()["payment_source"]["paypal"]["experience_context"];
    assert_eq!(context["return_url"], back, "it comes back to the same page");
    // Somebody who still has the first page open approves there: nothing is captured, and the second page pays.
    let first = json!({"id": url.split("token=").nth(1).unwrap(), "purchase_units": [{"custom_id": link.order_id}]});
    happens(&world, &paypal, &event("CHECKOUT.ORDER.APPROVED", first));
    assert_eq!(ada.status(&link.order_id), 0);
    paypal.approves();
    world.live_through(2 * HOUR);
    assert_eq!((ada.status(&link.order_id), paid_events(&world)), (100, 1), "it is looked at, should no event come");
}

#[test]
fn a_capture_on_an_earlier_page_is_not_lost() {
    let world = World::new();
    let (paypal, ada, link, _) = shop(&world);
    world.live_through(6 * HOUR + SECOND);
    let first = paypal.newest(|order| order.clone());
    world.buyer().post(&link.order(), "").expect(303);
    // Captured just before the new page was opened, and the Worker was killed before it could write so.
    let id = first["id"].as_str().unwrap().to_owned();
    let capture = paypal.captured(&id);
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.COMPLETED", capture.clone()));
    assert_eq!(ada.status(&link.order_id), 100);
    // Nor is what becomes of it.
    let up = json!([{"rel": "up", "href": format!("{API}/v2/payments/captures/{}", capture["id"].as_str().unwrap())}]);
    let reversal = json!({
        "id": "1Y1", "status": "COMPLETED", "amount": capture["amount"], "links": up, "custom_id": link.order_id,
        "create_time": "2023-11-20T00:00:00Z",
    });
    happens(&world, &paypal, &event("PAYMENT.CAPTURE.REVERSED", reversal));
    assert_eq!(ada.status(&link.order_id), 51);
}

#[test]
fn what_was_paid_on_the_old_page_is_found_before_a_new_one_is_opened() {
    let world = World::new();
    let (paypal, ada, link, _) = shop(&world);
    world.advance(6 * HOUR + SECOND);
    paypal.approves();
    let reply = world.buyer().post(&link.order(), "").expect(303);
    assert_eq!(reply.header("location"), Some(link.order().as_str()), "there is nothing to pay");
    assert_eq!((ada.status(&link.order_id), paypal.count()), (100, 1));
}

#[test]
fn while_paypal_cannot_be_asked_no_second_page_is_opened() {
    let world = World::new();
    let (paypal, ada, link, _) = shop(&world);
    world.advance(6 * HOUR + SECOND);
    paypal.down.set(true);
    let before = world.db.query("SELECT * FROM orders");
    let reply = world.buyer().post(&link.order(), "").expect(503);
    assert_eq!(reply.header("retry-after"), Some("30"));
    assert_eq!((world.db.query("SELECT * FROM orders"), paypal.count()), (before, 1));
    paypal.down.set(false);
    world.buyer().post(&link.order(), "").expect(303);
    assert_eq!((paypal.count(), ada.status(&link.order_id)), (2, 0));
}

#[test]
fn a_capture_whose_answer_was_lost_keeps_a_second_page_from_being_opened() {
    let world = World::new();
    let (paypal, ada, link, _) = shop(&world);
    world.advance(6 * HOUR + SECOND);
    paypal.approves();
    paypal.loses.set(true);
    world.buyer().post(&link.order(), "").expect(503);
    assert_eq!((paypal.count(), ada.status(&link.order_id)), (1, 0));
    world.advance(6 * SECOND);
    paypal.loses.set(false);
    let reply = world.buyer().post(&link.order(), "").expect(303);
    assert_eq!(reply.header("location"), Some(link.order().as_str()), "it was captured");
    assert_eq!((paypal.count(), ada.status(&link.order_id)), (1, 100));
}

#[test]
fn the_seller_reads_paypals_own_reason() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_app(&world);
    let white_label = || {
        let fields = crate::actors::payment(json!({"gateway": "PayPal", "white_label": true}));
        ada.post("/pay", fields)
    };
    for (status, body, word) in [
        (
            422,
            json!({"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "PAYEE_ACCOUNT_RESTRICTED", "description": CLIENT_SECRET}]}),
            "PAYEE_ACCOUNT_RESTRICTED",
        ),
        (
            400,
            json!({"name": "INVALID_REQUEST", "details": [{"issue": "INVALID_CURRENCY_CODE"}]}),
            "INVALID_CURRENCY_CODE",
        ),
        (403, json!({"name": "NOT_AUTHORIZED", "message": CLIENT_SECRET}), "NOT_AUTHORIZED"),
        (400, json!({"details": [{"issue": format!("{CLIENT_SECRET} is wrong")}]}), "status 400"),
        (400, json!({"details": [{"issue": ""}]}), "status 400"),
        (400, json!("no"), "status 400"),
    ] {
        world.web.on(&format!("{API}/v2/checkout/orders"), move |_| crate::world::answer(status, body.to_string()));
        assert_eq!(white_label().errors(), [format!("Gateway refused to open the payment ({word})")]);
        assert_eq!(world.log.last("gateway.payment_refused")["error"], word);
    }
    let wrong = json!({"client_id": "AeA1QIZXiflr1_-fN4rc0N8Nd0GEiGaCvIA9a3A8RNlcEbPaUcz3"});
    ada.put("/account", json!({"gateways": {"paypal": wrong}})).expect(200);
    assert_eq!(white_label().errors(), ["Gateway refused to open the payment (invalid_client)"], "of the token");
    assert!(!world.log.text().contains(CLIENT_SECRET));
    drop(paypal);
}
