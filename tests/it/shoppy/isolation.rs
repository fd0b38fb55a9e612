//! What is another account's is not there.

use super::{Sold, refused, sold};
use crate::world::World;

#[test]
fn numbers_and_ids_of_another_account_are_as_unknown_as_any() {
    let world = World::new();
    let Sold { product, paid, open, feedback, query, .. } = sold(&world);
    world.run_jobs();
    let log = world.db.one("SELECT id FROM webhook_logs WHERE seq = 1");
    let eve = world.seller_named("eve@example.com", true);
    let before = world.db.dump();
    let unknown = |path: &str| {
        let reply = eve.shoppy("GET", path).send();
        let headers: Vec<_> = reply.headers().iter().filter(|(name, _)| !name.starts_with("X-R")).cloned().collect();
        (refused(reply, 404), headers)
    };
    let nothing = unknown("/orders/999");
    assert_eq!(nothing.0, "The specified resource could not be found");
    for path in [
        "/orders/1".to_owned(),
        "/orders/2".to_owned(),
        format!("/orders/{}", paid.order_id),
        format!("/orders/{}", open.order_id),
        "/products/1".to_owned(),
        format!("/products/{product}"),
        "/feedbacks/1".to_owned(),
        format!("/feedbacks/{feedback}"),
        format!("/queries/{query}"),
        "/webhooks/1".to_owned(),
        format!("/webhooks/{log}"),
    ] {
        assert_eq!(unknown(&path), nothing, "{path}");
    }
    for path in ["/orders", "/products", "/feedbacks", "/queries", "/webhooks"] {
        assert_eq!(eve.shoppy("GET", path).send().expect(200).text(), "[]", "{path}");
    }
    for name in [open.id.clone(), format!("{}.{}", open.id, open.token)] {
        for path in [format!("/pay/{name}"), format!("/{name}/")] {
            assert_eq!(refused(eve.shoppy("DELETE", &path).send(), 404), nothing.0, "{path}");
        }
    }
    assert_eq!(world.db.dump(), before, "nothing was changed");
}
