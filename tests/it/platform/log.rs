//! The operator's log: what is worth a line, and that each line says which account, order or request it is about.

use serde_json::{Value, json};

use crate::{
    actors::basic,
    webhook::delivery::{self, HOOK},
    world::World,
};

fn lines(world: &World, event: &str) -> Vec<Value> {
    let lines = world.log.lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).expect("a line is JSON"));
    lines.filter(|line| line["event"] == event).collect()
}

#[test]
fn each_refused_call_leaves_a_line_without_what_was_tried() {
    let world = World::with(&[("RATE_LIMIT_ANONYMOUS", "50")]);
    let ada = world.seller();
    for n in 0..60 {
        let wrong = basic(&ada.email, &format!("guess-{n}"));
        world.ask("GET", "/api/v2/orders/5f0c6b5e").header("authorization", wrong).send();
    }
    let refused = lines(&world, "request.refused");
    assert_eq!(refused.len(), 60);
    let count = |status: i64| refused.iter().filter(|line| line["status"] == status).count();
    assert_eq!((count(401), count(429)), (50, 10));
    assert!(refused.iter().all(|line| line["route"] == "/api/v2/orders/:id" && line["request_id"].is_string()));
    assert!(refused.iter().all(|line| line["level"] == "info" && line["time"].is_string()));
    assert!(!world.log.text().contains("guess") && !world.log.text().contains(&ada.email));
}

#[test]
fn an_account_over_its_limit_is_named() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "2")]);
    let ada = world.seller();
    while ada.get("/account").status() != 429 {}
    let line = world.log.last("request.refused");
    assert_eq!(
        (&line["status"], &line["account_id"]),
        (&json!(429), &json!(world.db.one("SELECT id FROM accounts").parse::<i64>().unwrap()))
    );
}

#[test]
fn what_a_client_filled_in_wrongly_leaves_no_line() {
    let world = World::new();
    let ada = world.seller();
    ada.post("/pay", json!({})).expect(400);
    ada.get("/orders/none").expect(404);
    ada.delete("/orders").expect(405);
    assert_eq!(world.log.lines(), Vec::<String>::new());
}

#[test]
fn a_fault_says_when_where_and_in_which_request() {
    let world = World::new();
    let ada = world.seller();
    ada.get("/account").expect(200);
    world.db.break_read();
    let reply = ada.get("/orders").expect(500);
    let line = world.log.last("request.failed");
    assert_eq!((&line["level"], &line["request_id"]), (&json!("error"), &reply.json()["request_id"]));
    assert!(line["account_id"].is_i64() && line["error"].is_string() && line["time"].is_string());
    assert_eq!(line["route"], "/api/v2/orders");
}

#[test]
fn a_webhook_that_was_refused_leaves_a_line_for_each_attempt() {
    let world = World::new();
    let ada = delivery::ada(&world);
    for status in [500, 404, 410] {
        world.web.says(HOOK, status);
        ada.white_label(json!({}));
        world.run_jobs();
        let line = world.log.last("webhook.delivery_failed");
        assert_eq!((&line["level"], &line["status"]), (&json!("warn"), &json!(status)));
        assert_eq!(line["log_id"], delivery::log(&ada)["id"]);
        assert!(line["account_id"].is_i64() && line["endpoint_id"].is_string());
    }
    assert!(!world.log.text().contains("hooks.example"), "the URL may hold a secret of the seller's");
}

#[test]
fn an_order_that_was_paid_leaves_one_line() {
    let world = World::new();
    let ada = world.seller();
    let order = ada.white_label(json!({}));
    let id = order["id"].as_str().unwrap();
    ada.simulate(id, "exact", 1);
    ada.mine(3);
    let paid = lines(&world, "order.paid");
    assert_eq!(paid.len(), 1);
    assert_eq!((&paid[0]["order_id"], &paid[0]["gateway"]), (&json!(id), &json!("bitcoin")));
    assert!(!world.log.text().contains("bob@example.com"));
}
