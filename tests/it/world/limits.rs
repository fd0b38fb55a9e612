//! Rate limits as the platform keeps them: a fixed window of a minute.

use std::{cell::Cell, rc::Rc};

use pushguard::platform::{self, Clock as _, Fault, LimitKind, LocalBoxFuture, RequestCounter, Settings};

use super::Clock;

pub struct Limits {
    clock: Rc<Clock>,
    account: u32,
    anonymous: u32,
    /// What all isolates have let through; `own` is what this one has.
    all: RequestCounter,
    own: RequestCounter,
    pub broken: Cell<bool>,
}

impl Limits {
    pub fn new(clock: Rc<Clock>, settings: &Settings) -> Limits {
        let (account, anonymous) = (settings.rate_limit_account, settings.rate_limit_anonymous);
        Limits {
            clock,
            account,
            anonymous,
            all: RequestCounter::new(),
            own: RequestCounter::new(),
            broken: Cell::new(false),
        }
    }

    /// Another isolate lets so many requests through.
    pub fn elsewhere(&self, key: &str, requests: u32) {
        self.all.add(key, requests, self.clock.now());
    }
}

impl platform::Limits for Limits {
    fn allows<'a>(&'a self, who: LimitKind, key: &'a str) -> LocalBoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            if self.broken.get() {
                return Err(Fault("the limit is broken".into()));
            }
            let limit = if who == LimitKind::Account { self.account } else { self.anonymous };
            let allowed = self.all.add(key, 0, self.clock.now()) < limit;
            self.all.add(key, allowed.into(), self.clock.now());
            Ok(allowed)
        })
    }

    fn request_counter(&self, key: &str, more: u32, now: i64) -> u32 {
        self.own.add(key, more, now)
    }
}
