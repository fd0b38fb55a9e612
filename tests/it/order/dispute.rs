//! A dispute that is lifted: what is still owed to the buyer then is owed again, once.

use serde_json::{Value, json};

use crate::{
    gateway::stripe::session::Desk,
    mail::{desk as post, mails, owed, text},
    purchase::product,
    world::{DAY, HOUR, MINUTE, World, answer},
};

const GOODS: &str = "https://goods.example/make";

/// An order at Stripe of this product, which nobody has paid yet.
fn order(world: &World, desk: &Desk<'_>, fields: Value) -> String {
    let mut fields = fields;
    fields["gateways"] = json!(["stripe"]);
    let product = product(&desk.grace, fields);
    let fields = json!({"product_id": product, "gateway": "Stripe", "email": "bob@example.com", "return_url": "https://a.example/"});
    let link = desk.grace.post("/pay", fields).expect(201).json()["url"].as_str().unwrap().to_owned();
    world.buyer().post(&link, "").expect(303);
    world.db.one("SELECT id FROM orders ORDER BY seq DESC")
}

fn dynamic() -> Value {
    json!({"product_type": 3, "dynamic_url": GOODS})
}

fn asked(world: &World) -> usize {
    world.web.sent_to(GOODS).len()
}

fn to_buyer(world: &World) -> Vec<String> {
    mails(world).iter().filter(|mail| mail["to"] == "bob@example.com").map(|mail| text(mail, "text")).collect()
}

#[test]
fn goods_that_were_still_owed_are_asked_for_again_and_mailed_once() {
    let world = post();
    let desk = world.cards();
    world.web.says(GOODS, 500);
    let order = order(&world, &desk, dynamic());
    desk.told(desk.stripe.pay(&order));
    desk.told(desk.stripe.dispute(&order, "needs_response"));
    assert_eq!(desk.grace.status(&order), 51);
    world.live_through(2 * DAY);
    let before = asked(&world);
    assert!(before <= 1, "nobody is asked meanwhile: {before}");
    assert_eq!(desk.grace.order(&order)["delivery"], "preparing", "it did not fail");
    assert_eq!(to_buyer(&world).len(), 0);
    world.web.on(GOODS, |_| answer(200, "MADE"));
    desk.told(desk.stripe.close_dispute("won"));
    world.live_through(10 * MINUTE);
    let done = desk.grace.order(&order);
    assert_eq!(
        (&done["status"], &done["delivery"], &done["delivered"]),
        (&json!(100), &json!("delivered"), &json!("MADE"))
    );
    world.live_through(DAY);
    assert_eq!(asked(&world), before + 1);
    let told = to_buyer(&world);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("MADE"));
    assert_eq!(owed(&world).len(), 0);
}

#[test]
fn a_dispute_that_comes_with_the_payment_keeps_the_mail_until_it_is_lifted() {
    let world = post();
    let desk = world.cards();
    let order = order(&world, &desk, json!({"info": "A,B"}));
    let paid = desk.stripe.pay(&order);
    let disputed = desk.stripe.dispute(&order, "needs_response");
    // The news of the dispute comes first, and says that it was paid.
    desk.told(disputed);
    desk.told(paid);
    world.live_through(HOUR);
    assert_eq!((desk.grace.status(&order), to_buyer(&world).len()), (51, 0));
    desk.told(desk.stripe.close_dispute("won"));
    world.live_through(HOUR);
    let told = to_buyer(&world);
    assert_eq!((desk.grace.status(&order), told.len()), (100, 1), "{told:?}");
    assert!(told[0].contains("Your goods:"), "{told:?}");
    // A second one tells nothing twice.
    desk.told(desk.stripe.dispute(&order, "needs_response"));
    desk.told(desk.stripe.close_dispute("won"));
    world.live_through(HOUR);
    assert_eq!(to_buyer(&world).len(), 1);
}

#[test]
fn goods_that_came_while_the_money_was_disputed_are_mailed_once_it_is_back() {
    let world = post();
    let desk = world.cards();
    world.web.says(GOODS, 500);
    let order = order(&world, &desk, dynamic());
    desk.told(desk.stripe.pay(&order));
    world.live_through(MINUTE);
    assert_eq!(to_buyer(&world).len(), 1, "that they are being prepared");
    // The server answers, and the dispute is committed before the answer.
    let (db, its) = (world.db.clone(), order.clone());
    world.web.on(GOODS, move |_| {
        db.change(&format!("UPDATE orders SET status = 51, revision = revision + 1 WHERE id = '{its}'"));
        answer(200, "MADE")
    });
    world.live_through(HOUR);
    assert_eq!((desk.grace.order(&order)["delivery"].clone(), to_buyer(&world).len()), (json!("delivered"), 1));
    desk.told(desk.stripe.dispute(&order, "needs_response"));
    desk.told(desk.stripe.close_dispute("won"));
    world.live_through(HOUR);
    let told = to_buyer(&world);
    assert_eq!((desk.grace.status(&order), told.len()), (100, 2), "{told:?}");
    assert!(told[1].contains("MADE"));
}
