//! The world of these tests: SQLite in memory with the real schema, a cache and a queue that can fail, a web that each
//! test scripts, and a clock that stands still until it is moved. Everything is counted and recorded.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use pushguard::{
    api,
    platform::{Clock as _, Fault, LocalBoxFuture, Platform as Whole, QueueName, Settings},
    shop::{App, consumer, job::Job, sweep},
};

pub mod assets;
mod db;
mod esplora;
mod ethereum;
mod files;
mod limits;
mod mailer;
mod paypal;
mod queue;
pub mod record;
mod secrets;
pub mod stripe;
mod web;

pub use db::{Db, Landed, SHARDS};
pub use esplora::{Esplora, Mood};
pub use ethereum::{Node, Refusal, WEI, hash};
pub use files::Files;
pub use limits::Limits;
pub use mailer::Mailer;
pub use paypal::{API, CLIENT_ID, CLIENT_SECRET, IPN, PayPal, WEBHOOK_ID, capture_of};
pub use queue::Queue;
pub use secrets::{Told, secrets_in};
pub use stripe::Stripe;
pub use web::{Sent, Web, answer};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Wednesday, 15 November 2023, 00:00 UTC.
pub const START: i64 = 1_700_006_400_000;

pub const ADMIN_TOKEN: &str = "the-operators-own-long-token";
pub const KEY_A: &str = "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
pub const KEY_B: &str = "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

/// Settings as a production deployment has them, except where nobody may be asked.
const SETTINGS: [(&str, &str); 12] = [
    ("ADMIN_TOKEN", ADMIN_TOKEN),
    ("TOKEN_KEYS", KEY_A),
    ("VAULT_KEY", KEY_A),
    ("BITCOIN_NETWORK", "mainnet"),
    ("BITCOIN_ESPLORA_URLS", "https://one.chain.example/api,https://two.chain.example/api"),
    ("ETHEREUM_RPC_URLS", "https://one.node.example,https://two.node.example"),
    ("RATES_COINBASE_URL", "https://coinbase.example"),
    ("RATES_COINGECKO_URL", "https://coingecko.example"),
    ("DNS_OVER_HTTPS_URL", "off"),
    ("RATES_ECB_URL", "https://ecb.example"),
    // The clock of these tests stands still.
    ("RATE_LIMIT_ACCOUNT", "1000000"),
    ("RATE_LIMIT_ANONYMOUS", "1000000"),
];

pub struct World {
    pub db: Rc<Db>,
    pub cache: Rc<Cache>,
    pub files: Rc<Files>,
    pub queue: Rc<Queue>,
    pub web: Rc<Web>,
    pub live: Rc<Live>,
    pub clock: Rc<Clock>,
    pub log: Rc<Log>,
    random: Rc<Random>,
    pub limits: Rc<Limits>,
    pub mailer: Rc<Mailer>,
    pub told: Told,
    pub app: App,
}

/// No test ends with a secret in a log or in an answer.
impl Drop for World {
    fn drop(&mut self) {
        let told = self.told.all(&self.log.text());
        assert!(told.is_empty() || std::thread::panicking(), "secrets were told: {}", told.join(", "));
    }
}

impl World {
    pub fn new() -> World {
        World::with(&[])
    }

    /// With these settings over the usual ones.
    pub fn with(changed: &[(&str, &str)]) -> World {
        let clock = Rc::new(Clock(Cell::new(START)));
        let random = Rc::new(Random(Cell::new(0x9e37_79b9_7f4a_7c15)));
        let db = Rc::new(Db::open());
        let cache = Rc::new(Cache { clock: clock.clone(), ..Cache::default() });
        let queue = Rc::new(Queue { clock: clock.clone(), ..Queue::default() });
        let web = Rc::new(Web::new(clock.clone()));
        let (live, log) = (Rc::new(Live::default()), Rc::new(Log::default()));
        World::of(db, cache, Rc::default(), queue, web, live, clock, log, random, changed)
    }

    /// The same world after the operator deployed other settings.
    pub fn redeployed(&self, changed: &[(&str, &str)]) -> World {
        let World { db, cache, files, queue, web, live, clock, log, random, .. } = self;
        let (db, cache, queue, web) = (db.clone(), cache.clone(), queue.clone(), web.clone());
        World::of(
            db,
            cache,
            files.clone(),
            queue,
            web,
            live.clone(),
            clock.clone(),
            log.clone(),
            random.clone(),
            changed,
        )
    }

    #[allow(clippy::too_many_arguments)]
    fn of(
        db: Rc<Db>,
        cache: Rc<Cache>,
        files: Rc<Files>,
        queue: Rc<Queue>,
        web: Rc<Web>,
        live: Rc<Live>,
        clock: Rc<Clock>,
        log: Rc<Log>,
        random: Rc<Random>,
        changed: &[(&str, &str)],
    ) -> World {
        let known = |name: &str| {
            let found = changed.iter().chain(&SETTINGS).find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::read(known).expect("the settings of a test are whole");
        let limits = Rc::new(Limits::new(clock.clone(), &settings));
        let mailer = Rc::new(Mailer::default());
        let world = Whole {
            databases: Rc::new(db::Shards(db.clone())),
            cache: cache.clone(),
            files: files.clone(),
            assets: Rc::new(assets::Public),
            queue: queue.clone(),
            http: web.clone(),
            mailer: mailer.clone(),
            live: live.clone(),
            limits: limits.clone(),
            clock: clock.clone(),
            random: random.clone(),
            log: log.clone(),
            settings: Rc::new(settings),
        };
        let (told, app) =
            (Told::default(), App { platform: world, serializers: api::serializers(), memory: Default::default() });
        World { db, cache, files, queue, web, live, clock, log, random, limits, mailer, told, app }
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Time passes and nothing happens: no message comes, no cron runs.
    pub fn advance(&self, ms: i64) {
        self.clock.0.set(self.now() + ms);
    }

    /// Delivers the messages that are due, and those that they cause, until none is. What failed comes again later, as
    /// on the platform. Answers how many were delivered.
    pub fn run_jobs(&self) -> usize {
        let mut count = 0;
        loop {
            let due = self.queue.take_due(100);
            if due.is_empty() {
                return count;
            }
            count += due.len();
            assert!(count < 10_000, "the queue never comes to rest");
            let jobs: Vec<Job> = due.iter().map(|text| Job::from_text(text).expect("a job of ours")).collect();
            for lane in QueueName::ALL {
                let batch: Vec<Job> = jobs.iter().filter(|job| job.lane() == lane).cloned().collect();
                let done = block_on(consumer::work(&self.app, &batch));
                for (job, _) in batch.iter().zip(done).filter(|(_, done)| !done) {
                    self.queue.put(job.to_text(), 10);
                }
            }
        }
    }

    /// A minute of cron has come.
    pub fn cron(&self) {
        block_on(sweep::sweep(&self.app)).expect("the sweep goes through");
    }

    /// Time passes as in production: messages come when they are due, cron runs each minute. Where days pass, every
    /// ten minutes are often enough.
    pub fn live_through(&self, ms: i64) {
        let end = self.now() + ms;
        let period = if ms > 6 * HOUR { 10 * MINUTE } else { MINUTE };
        self.run_jobs();
        while self.now() < end {
            let cron = self.now() - self.now().rem_euclid(period) + period;
            let next = self.queue.next_due().unwrap_or(i64::MAX).max(self.now()).min(cron).min(end);
            self.clock.0.set(next);
            if next == cron {
                self.cron();
            }
            self.run_jobs();
        }
    }

    /// What `act` asked of the world.
    pub fn count<T>(&self, act: impl FnOnce() -> T) -> (Counts, T) {
        let before = self.counts();
        let done = act();
        let after = self.counts();
        let counts = Counts {
            reads: after.reads - before.reads,
            commits: after.commits - before.commits,
            statements: after.statements - before.statements,
            fetches: after.fetches - before.fetches,
        };
        (counts, done)
    }

    /// Database round trips of `act`.
    pub fn trips<T>(&self, act: impl FnOnce() -> T) -> u32 {
        let (counts, _) = self.count(act);
        counts.reads + counts.commits
    }

    fn counts(&self) -> Counts {
        let (reads, commits, statements) = self.db.counts();
        Counts { reads, commits, statements, fetches: self.web.sent().len() as u32 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub reads: u32,
    pub commits: u32,
    pub statements: u32,
    pub fetches: u32,
}

/// Nothing here waits for anything outside, so polling until it is ready is enough.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("a future waits for ever");
}

/// Lets others go first, once.
pub struct Yield(pub bool);

impl Future for Yield {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.0 {
            return Poll::Ready(());
        }
        self.0 = false;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

pub struct Clock(Cell<i64>);

impl Clock {
    /// So much time passes while somebody waits.
    pub fn pass(&self, ms: i64) {
        self.0.set(self.0.get() + ms);
    }
}

impl pushguard::platform::Clock for Clock {
    fn now(&self) -> i64 {
        self.0.get()
    }
}

/// SplitMix64: the same in every run.
struct Random(Cell<u64>);

impl pushguard::platform::Random for Random {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.0.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 56) as u8;
        }
    }
}

#[derive(Default)]
pub struct Log(RefCell<Vec<String>>);

impl Log {
    pub fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The newest line of this event.
    pub fn last(&self, event: &str) -> serde_json::Value {
        let lines = self.lines().into_iter().map(|line| serde_json::from_str(&line).expect("a line is JSON"));
        let mut lines = lines.filter(|line: &serde_json::Value| line["event"] == event);
        lines.next_back().unwrap_or_else(|| panic!("no line {event} in {}", self.text()))
    }

    /// Without the sources of rates and the receivers that a test gave no answer to, and without what is no trouble.
    pub fn troubles(&self) -> String {
        let expected = ["rates.source_failed", "webhook.delivery_failed", r#""level":"info""#];
        let lines = self.lines().into_iter().filter(|line| !expected.iter().any(|text| line.contains(text)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl pushguard::platform::Log for Log {
    fn write(&self, line: pushguard::platform::LogLine) {
        self.0.borrow_mut().push(line.to_json("2026-01-01T00:00:00.000Z"));
    }
}

/// Orders whose open pages were told of a change.
#[derive(Default)]
pub struct Live(RefCell<Vec<String>>);

impl Live {
    pub fn told(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

impl pushguard::platform::Live for Live {
    fn changed<'a>(&'a self, order_id: &'a str) -> LocalBoxFuture<'a, ()> {
        self.0.borrow_mut().push(order_id.to_owned());
        Box::pin(std::future::ready(()))
    }
}

#[derive(Default)]
pub struct Cache {
    kept: RefCell<HashMap<String, (Option<i64>, String)>>,
    pub broken: Cell<bool>,
    /// Only reading fails.
    pub unreadable: Cell<bool>,
    /// Refuses a second write of a key within a second, as KV does.
    pub paced: Cell<bool>,
    written: RefCell<HashMap<String, i64>>,
    writes: Cell<u32>,
    clock: Rc<Clock>,
}

impl Default for Clock {
    fn default() -> Self {
        Clock(Cell::new(START))
    }
}

impl Cache {
    /// As another data centre would find it.
    pub fn empty(&self) {
        self.kept.borrow_mut().clear();
    }

    /// All it holds now. `restore` makes it as old as that again.
    pub fn snapshot(&self) -> HashMap<String, (Option<i64>, String)> {
        self.kept.borrow().clone()
    }

    pub fn restore(&self, snapshot: HashMap<String, (Option<i64>, String)>) {
        *self.kept.borrow_mut() = snapshot;
    }

    /// Writes so far, those that failed as well.
    pub fn writes(&self) -> u32 {
        self.writes.get()
    }

    fn check(&self) -> Result<(), Fault> {
        if self.broken.get() { Err(Fault("the cache is broken".into())) } else { Ok(()) }
    }
}

impl pushguard::platform::Cache for Cache {
    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<String>, Fault>> {
        let now = self.clock.now();
        let kept = self.kept.borrow();
        let found = kept.get(key).filter(|(until, _)| until.is_none_or(|until| now < until));
        let readable = if self.unreadable.get() { Err(Fault("nothing can be read".into())) } else { self.check() };
        let found = readable.map(|()| found.map(|(_, value)| value.clone()));
        Box::pin(std::future::ready(found))
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str, seconds: Option<u32>) -> LocalBoxFuture<'a, Result<(), Fault>> {
        let until = seconds.map(|seconds| self.clock.now() + i64::from(seconds) * SECOND);
        let last = self.written.borrow_mut().insert(key.to_owned(), self.clock.now());
        self.writes.set(self.writes.get() + 1);
        let soon = self.paced.get() && last.is_some_and(|last| self.clock.now() - last < SECOND);
        let put = if soon { Err(Fault("one write a second of each key".into())) } else { self.check() };
        let put = put.map(|()| {
            self.kept.borrow_mut().insert(key.to_owned(), (until, value.to_owned()));
        });
        Box::pin(std::future::ready(put))
    }
}
