//! A consumer that is killed, a database and a queue that fail, a receiver whose answers get lost: at random points, a
//! hundred rounds. Whatever was owed arrives all the same, and nobody is told twice that an order is paid.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use pushguard::{
    platform::{FetchError, QueueName},
    shop::{consumer, job::Job, sweep},
};
use serde_json::json;

use crate::world::{Landed, MINUTE, SECOND, World, answer};

impl World {
    /// Works one batch of each queue; but whoever does it is polled so often and then killed. Answers whether he was;
    /// `lost` says whether his messages are gone with him or come again.
    pub fn run_jobs_killed(&self, polls: u32, lost: bool) -> bool {
        let due = self.queue.take_due(10);
        let jobs: Vec<Job> = due.iter().map(|text| Job::from_text(text).expect("a job of ours")).collect();
        let mut killed = false;
        for lane in QueueName::ALL {
            let batch: Vec<Job> = jobs.iter().filter(|job| job.lane() == lane).cloned().collect();
            let done = polled(consumer::work(&self.app, &batch), polls);
            killed |= done.is_none();
            let done = done.unwrap_or_else(|| vec![lost; batch.len()]);
            for (job, _) in batch.iter().zip(done).filter(|(_, done)| !done) {
                self.queue.put(job.to_text(), 10);
            }
        }
        killed
    }

    /// Cron, killed in the same way.
    pub fn cron_killed(&self, polls: u32) -> bool {
        // What it says when the database fails it, it says to the operator.
        polled(sweep::sweep(&self.app), polls).is_none()
    }
}

/// What a future comes to within so many polls; `None`: it was dropped before its end.
fn polled<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

/// SplitMix64, seeded by the round: what fails can be looked at again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }
}

/// What the receiver took: by webhook id its URL, event, order and body.
type Taken = Rc<RefCell<BTreeMap<String, (String, String, String, String)>>>;

const EVENTS: [&str; 3] = ["order:created", "order:updated", "order:paid"];
const ORDERS: usize = 3;

/// Kills of the consumer, of cron, and requests that came more than once.
fn round(seed: u64) -> (u32, u32, u32) {
    let world = World::new();
    let taken: Taken = Rc::default();
    let doubled = Rc::new(RefCell::new(0));
    let chance = Rc::new(RefCell::new(Chance(seed)));
    let calm = Rc::new(RefCell::new(false));
    let (kept, luck, twice, quiet) = (taken.clone(), chance.clone(), doubled.clone(), calm.clone());
    world.web.on("", move |sent| {
        let mood = if *quiet.borrow() { 9 } else { luck.borrow_mut().below(10) };
        match mood {
            0 => return answer(500, "not today"),
            1 => return Err(FetchError::Refused),
            _ => {}
        }
        let of = |name: &str| sent.header(name).to_owned();
        let order = sent.json()["id"].as_str().unwrap().to_owned();
        let what = (sent.url.clone(), of("x-pushguard-event"), order, sent.body.clone());
        if let Some(before) = kept.borrow_mut().insert(of("webhook-id"), what.clone()) {
            assert_eq!(before, what, "what comes again is the same");
            *twice.borrow_mut() += 1;
        }
        // It has it, and the answer is lost on its way.
        if mood == 2 { Err(FetchError::Network) } else { answer(200, "ok") }
    });

    let ada = world.seller();
    ada.endpoint("https://hooks.example/a", &EVENTS);
    ada.endpoint("https://hooks.example/b", &EVENTS);
    // Its own URL is a third receiver, or one of the two in another spelling.
    let own = ["https://hooks.example/c", "HTTPS://Hooks.Example:443/a#own", "https://hooks.example/b"];
    let orders: Vec<(String, usize)> = (0..ORDERS)
        .map(|n| {
            let order = ada.white_label(json!({"webhook_url": own[n]}));
            (order["id"].as_str().unwrap().to_owned(), if n == 0 { 3 } else { 2 })
        })
        .collect();
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);

    let (mut kills, mut cron_kills) = (0, 0);
    for step in 0..30 {
        let draw = |n: u64| chance.borrow_mut().below(n);
        if step % 5 == 1 && step / 5 < ORDERS {
            // The buyers pay; that request goes through, and only what follows from it is disturbed.
            world.db.mend();
            world.queue.broken.set(false);
            ada.simulate(&orders[step / 5].0, "exact", draw(2) as u32);
        }
        if step == 22 {
            world.db.mend();
            ada.mine(1);
        }
        world.queue.broken.set(draw(8) == 0);
        world.queue.loses.set(draw(8) == 0);
        match draw(6) {
            0 => world.db.break_commit(1, Landed::No),
            1 => world.db.break_commit(1, Landed::Yes),
            2 => world.db.break_read(),
            _ => {}
        }
        let polls = draw(7) as u32;
        let lost = draw(2) == 0;
        kills += u32::from(world.run_jobs_killed(polls, lost));
        if draw(4) == 0 {
            cron_kills += u32::from(world.cron_killed(draw(4) as u32));
        }
        world.advance(draw(40) as i64 * SECOND);
    }

    // Everything works again. What is owed has its time, and only time has to pass.
    world.db.mend();
    world.queue.broken.set(false);
    world.queue.loses.set(false);
    *calm.borrow_mut() = true;
    let rest = || {
        let owed = world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE due_at IS NOT NULL") == "0";
        owed && orders
            .iter()
            .all(|(id, _)| world.db.one(&format!("SELECT status FROM orders WHERE id = '{id}'")) == "100")
    };
    for _ in 0..400 {
        if rest() {
            break;
        }
        world.advance(2 * MINUTE);
        world.cron();
        world.run_jobs();
        let far =
            world.db.one("SELECT COALESCE(MIN(due_at), 0) FROM webhook_logs").parse::<i64>().unwrap() - world.now();
        world.advance(far.max(0));
    }
    assert!(rest(), "round {seed}: something is owed for ever");

    let logs = world.db.query("SELECT id, subject_id, event, url, response_code FROM webhook_logs");
    for log in &logs {
        let [id, order, event, url, code] = log.as_slice() else { panic!("five columns") };
        assert_eq!(code, "200", "round {seed}: {log:?}");
        let taken = taken.borrow();
        let (to, what, about, _) = taken.get(id).unwrap_or_else(|| panic!("round {seed}: {log:?} never arrived"));
        assert_eq!((to, what, about), (url, event, order), "round {seed}");
    }
    assert_eq!(logs.len(), taken.borrow().len(), "round {seed}: nothing arrived that wasn't owed");
    for (order, receivers) in &orders {
        for event in ["order:created", "order:paid"] {
            let told: Vec<String> = taken
                .borrow()
                .values()
                .filter(|(_, e, o, _)| e == event && o == order)
                .map(|(url, ..)| url.to_lowercase())
                .collect();
            assert_eq!(told.len(), *receivers, "round {seed}: {event} once for each receiver: {told:?}");
        }
    }
    let doubled = *doubled.borrow();
    (kills, cron_kills, doubled)
}

#[test]
fn killed_at_random_points_in_a_hundred_rounds_every_event_arrives_and_an_order_is_paid_once() {
    let rounds: Vec<_> = (0..100).map(round).collect();
    let sum = |of: fn(&(u32, u32, u32)) -> u32| rounds.iter().map(of).sum::<u32>();
    let (kills, cron_kills, doubled) = (sum(|r| r.0), sum(|r| r.1), sum(|r| r.2));
    println!(
        "in 100 rounds the consumer was killed {kills} times and cron {cron_kills} times; {doubled} webhooks came again"
    );
    assert!(
        kills > 300 && cron_kills > 50 && doubled > 100,
        "the test disturbed something: {kills} {cron_kills} {doubled}"
    );
}
