//! Purchases while the database breaks: each is whole or absent.

use serde_json::json;

use super::{buy, id, is_whole, keys};
use crate::world::{Landed, World};

#[test]
fn broken_at_each_write_a_purchase_is_whole_or_absent() {
    for landed in [Landed::No, Landed::Yes] {
        for n in 1..=4 {
            let world = World::new();
            let ada = world.seller();
            let keys = keys(&ada, "A,B,C");
            world.db.break_commit(n, landed);
            let placed = buy(&ada, &keys, json!({}));
            let order = if placed.status() == 201 { Some(id(&placed.json())) } else { None };
            if let Some(order) = &order {
                let _ = ada.post("/test/payments", json!({"order_id": order, "confirmations": 1}));
            }
            world.db.mend();
            is_whole(&world);
            if let Some(order) = &order {
                if ada.status(order) != 100 {
                    ada.simulate(order, "exact", 1);
                }
                assert_eq!(ada.order(order)["delivered"], "A", "{n}");
            }
            let other = id(&buy(&ada, &keys, json!({})).expect(201).json());
            ada.simulate(&other, "exact", 1);
            assert_ne!(ada.order(&other)["delivered"], json!(null));
            is_whole(&world);
        }
    }
}
