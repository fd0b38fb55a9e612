//! Sales at Stripe that would end for a small thing: an e-mail that Stripe refuses, a page whose day is over.

use serde_json::json;

use crate::world::{DAY, HOUR, SECOND, World, stripe::API};

#[test]
fn an_email_that_stripe_refuses_is_left_for_the_buyer_to_type() {
    for error in [
        json!({"code": "email_invalid", "type": "invalid_request_error", "param": "customer_email"}),
        json!({"code": "email_invalid", "type": "invalid_request_error"}),
        json!({"type": "invalid_request_error", "param": "customer_email", "message": "Invalid email address"}),
        json!({"code": "parameter_invalid_empty", "type": "invalid_request_error", "param": "customer_email"}),
    ] {
        let world = World::new();
        let desk = world.cards();
        *desk.stripe.refuses_email.borrow_mut() = Some(error.clone());
        let link = desk.link(json!({"email": "ada@example.invalid"}));
        world.buyer().post(&link.path, "").expect(303);
        let sent = world.web.sent_to(API);
        let keys: Vec<&str> = sent.iter().map(|sent| sent.header("idempotency-key")).collect();
        assert_eq!(keys, [link.order_id.clone(), format!("{}-no-email", link.order_id)], "{error}");
        assert!(sent[0].body.contains("customer_email") && !sent[1].body.contains("customer_email"));
        desk.told(desk.stripe.pay(&link.order_id));
        let order = desk.grace.order(&link.order_id);
        assert_eq!((&order["status"], &order["email"]), (&json!(100), &json!("ada@example.invalid")));
    }
    // What is refused for another reason stays refused.
    let world = World::new();
    let desk = world.cards();
    *desk.stripe.refuses_email.borrow_mut() =
        Some(json!({"code": "testmode_charges_only", "type": "invalid_request_error"}));
    world.buyer().post(&desk.link(json!({})).path, "").expect(403);
    assert_eq!(world.web.sent_to(API).len(), 1);
}

#[test]
fn a_session_whose_day_is_over_is_opened_anew_from_the_link() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    world.advance(DAY + SECOND);
    desk.stripe.sessions_end();
    let page = desk.page(&link, "");
    assert!(page.contains("Your time at Stripe is over") && page.contains("Continue to Stripe"), "{page}");
    world.buyer().post(&link.order(), "").expect(303);
    world.buyer().post(&link.order(), "").expect(303);
    let sessions = desk.stripe.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(desk.page(&link, "?go=1").contains(sessions[1]["url"].as_str().unwrap()));
    desk.told(desk.stripe.pay(&link.order_id));
    assert_eq!(desk.grace.status(&link.order_id), 100);
}

#[test]
fn a_session_that_is_still_open_at_stripe_is_closed_before_another_is_opened() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    world.advance(DAY + SECOND);
    world.buyer().post(&link.order(), "").expect(303);
    let sessions = desk.stripe.sessions();
    let states: Vec<_> = sessions.iter().map(|session| session["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["expired", "open"]);
}

#[test]
fn what_was_paid_in_the_last_second_is_found_and_nothing_is_opened() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    desk.stripe.pay(&link.order_id);
    world.advance(DAY + HOUR);
    let reply = world.buyer().post(&link.order(), "").expect(303);
    assert_eq!(reply.header("location"), Some(link.order().as_str()));
    assert_eq!((desk.grace.status(&link.order_id), desk.stripe.sessions().len()), (100, 1));
}

#[test]
fn an_old_link_has_no_button_for_a_new_page() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    world.advance(31 * DAY);
    desk.stripe.sessions_end();
    let page = desk.page(&link, "");
    assert!(page.contains("This link is too old.") && !page.contains("<form"), "{page}");
    assert_eq!(page.matches("for a new one").count(), 1);
    world.buyer().post(&link.order(), "").expect(410);
    assert_eq!(desk.stripe.sessions().len(), 1);
}

#[test]
fn of_a_dispute_over_a_part_only_that_part_is_lost() {
    let world = World::new();
    let desk = world.cards();
    for (units, end, status, refunded) in
        [(250, "lost", 100, "250"), (250, "won", 100, "0"), (999, "lost", 100, "999"), (1_000, "lost", 51, "1000")]
    {
        let link = desk.order(json!({}));
        desk.told(desk.stripe.pay(&link.order_id));
        desk.told(desk.stripe.dispute_part(&link.order_id, "needs_response", Some(units)));
        assert_eq!(desk.grace.status(&link.order_id), 51, "it is held while it is open");
        desk.told(desk.stripe.close_dispute(end));
        let order = desk.grace.order(&link.order_id);
        assert_eq!(order["status"], status, "{units} {end}");
        let partly = status == 100 && refunded != "0";
        assert_eq!(order["exceptions"], if partly { json!(["partially_refunded"]) } else { json!([]) });
        let kept = format!("SELECT refunded_value FROM orders WHERE id = '{}'", link.order_id);
        assert_eq!(world.db.one(&kept), refunded);
        if partly {
            let sum = format!("{}.{:02} USD", units / 100, units % 100);
            assert!(desk.page(&link, "").contains(&sum), "the buyer sees how much went back");
        }
    }
}
