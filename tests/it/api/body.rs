//! When a body is read: not before it is known who asks, and not all at the same time.

use std::{cell::Cell, rc::Rc};

use futures_util::future::LocalBoxFuture;
use pushguard::http::{BodySource, MAX_BODIES, Pending};
use serde_json::json;

use crate::{
    actors::{Ask, basic, payment},
    world::{World, block_on},
};

/// A body that is still with the platform.
struct Source {
    bytes: Vec<u8>,
    length: Option<u64>,
    reads: Rc<Cell<u32>>,
    breaks_off: bool,
}

impl BodySource for Source {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn read(&self, limit: usize) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move {
            self.reads.set(self.reads.get() + 1);
            if self.breaks_off {
                return Err("the connection was lost".to_owned());
            }
            Ok((self.bytes.len() <= limit).then(|| self.bytes.clone()))
        })
    }
}

fn pending<'w>(mut ask: Ask<'w>, body: &str, reads: &Rc<Cell<u32>>) -> Ask<'w> {
    let source =
        Source { bytes: body.into(), length: Some(body.len() as u64), reads: reads.clone(), breaks_off: false };
    ask.request.body = None;
    ask.request.pending = Some(Pending::new(Rc::new(source), 1 << 20));
    ask
}

#[test]
fn a_body_is_read_once_it_is_known_who_asks() {
    let world = World::with(&[("RATE_LIMIT_ANONYMOUS", "20")]);
    let ada = world.seller();
    let reads = Rc::new(Cell::new(0));
    let fields = payment(json!({"white_label": true})).to_string();
    pending(world.ask("POST", "/api/v2/pay"), &fields, &reads).send().expect(401);
    let wrong = world.ask("POST", "/api/v2/pay").header("authorization", basic(&ada.email, "no"));
    pending(wrong, &fields, &reads).send().expect(401);
    pending(world.ask("POST", "/admin/accounts"), &fields, &reads).send().expect(401);
    while pending(world.ask("POST", "/api/v2/pay"), &fields, &reads).send().status() != 429 {}
    assert_eq!(reads.get(), 0, "nobody whom we don't know fills our memory");
    pending(ada.ask("POST", "/pay"), &fields, &reads).send().expect(201);
    assert_eq!(reads.get(), 1);
}

#[test]
fn a_body_whose_head_says_too_much_is_not_read_at_all() {
    let world = World::new();
    let ada = world.seller();
    let reads = Rc::new(Cell::new(0));
    let mut ask = pending(ada.ask("POST", "/pay"), "{}", &reads);
    let source = Source { bytes: Vec::new(), length: Some((1 << 20) + 1), reads: reads.clone(), breaks_off: false };
    ask.request.pending = Some(Pending::new(Rc::new(source), 1 << 20));
    ask.send().expect(413);
    assert_eq!(reads.get(), 0);
    // One that doesn't say how long it is is read to its limit.
    let mut ask = ada.ask("POST", "/pay");
    let source = Source { bytes: vec![b' '; (1 << 20) + 1], length: None, reads: reads.clone(), breaks_off: false };
    ask.request.pending = Some(Pending::new(Rc::new(source), 1 << 20));
    ask.send().expect(413);
    assert_eq!(reads.get(), 1);
}

#[test]
fn a_body_that_breaks_off_is_refused_and_leaves_no_row() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    let source = Source { bytes: Vec::new(), length: Some(9), reads: Rc::default(), breaks_off: true };
    let mut ask = ada.ask("POST", "/pay").header("idempotency-key", "k");
    ask.request.pending = Some(Pending::new(Rc::new(source), 1 << 20));
    assert_eq!(ask.send().expect(400).message(), "The body broke off");
    assert_eq!(world.db.dump(), before);
}

#[test]
fn only_so_many_bytes_of_bodies_are_in_memory_at_the_same_time() {
    let large = 8 << 20;
    let at_once = MAX_BODIES / large;
    let source = || Source { bytes: Vec::new(), length: Some(large as u64), reads: Rc::default(), breaks_off: false };
    let world = World::new();
    let requests: Vec<_> = (0..16)
        .map(|_| {
            let mut request = world.ask("PUT", "/api/v2/products/x/file").request;
            request.pending = Some(Pending::new(Rc::new(source()), large));
            request
        })
        .collect();
    let loaded = requests.iter().filter(|request| block_on(request.load()).is_ok()).count();
    assert_eq!(loaded, at_once);
    // The next one is told when to come again, and small ones as well.
    let ada = world.seller();
    let reply = pending(ada.ask("POST", "/pay"), "{}", &Rc::default()).send().expect(503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    drop(requests);
    pending(ada.ask("POST", "/pay"), &payment(json!({})).to_string(), &Rc::default()).send().expect(201);
}
