//! How often somebody may ask: an account by its id, anybody else by their address. The platform's
//! limit says yes or no; how many are left, as the headers have it, is this isolate's own count.

use std::cell::Cell;

use super::failure::Failure;
use crate::{
    http::{Request, Response},
    platform::{LimitKind, PERIOD},
    shop::App,
};

/// Where the one who asks stands. All numbers are of the running minute.
#[derive(Clone, Copy)]
struct Standing {
    limit: u32,
    remaining: u32,
}

/// One request, as the limits see it.
pub struct RateLimiter<'a> {
    app: &'a App,
    address: String,
    standing: Cell<Option<Standing>>,
    account_id: Cell<Option<i64>>,
}

impl<'a> RateLimiter<'a> {
    pub fn new(app: &'a App, request: &Request) -> RateLimiter<'a> {
        RateLimiter { app, address: request.network(), standing: Cell::new(None), account_id: Cell::new(None) }
    }

    /// Counts a request of somebody whom we know.
    pub async fn account(&self, id: i64) -> Result<(), Failure> {
        self.account_id.set(Some(id));
        self.count(LimitKind::Account, &id.to_string()).await
    }

    /// Counts a request of an application for this account. What one application asks uses up neither another one's requests nor
    /// the seller's own.
    pub async fn application(&self, app_id: &str, account_id: i64) -> Result<(), Failure> {
        self.account_id.set(Some(account_id));
        self.count(LimitKind::Account, &format!("application {app_id} {account_id}")).await
    }

    /// Counts a request of a client of OAuth, by its address: who it is is not known before the database is asked.
    pub async fn client(&self) -> Result<(), Failure> {
        self.count(LimitKind::Account, &format!("client {}", self.address)).await
    }

    /// The account that was counted, for the log.
    pub fn known_account(&self) -> Option<i64> {
        self.account_id.get()
    }

    /// Counts a request without credentials, or with such that have to be looked up first.
    pub async fn anonymous(&self) -> Result<(), Failure> {
        self.count(LimitKind::Anonymous, &self.address).await
    }

    /// Counts a notification for this account. Anybody can send one, so each address has a limit of
    /// its own at each account: a stranger uses up neither the seller's requests nor what the
    /// gateway itself may send.
    pub async fn notification(&self, account_id: i64) -> Result<(), Failure> {
        self.account_id.set(Some(account_id));
        let remembered = |key: &str| self.app.platform.limits.request_counter(key, 0, self.app.now());
        if remembered(&unknown_account(account_id)) > 0 {
            return Err(Failure::not_found());
        }
        if remembered(&self.unknown_address()) >= self.limit(LimitKind::Anonymous) {
            return Err(self.too_many());
        }
        self.count(LimitKind::Account, &format!("notification {account_id} {}", self.address)).await
    }

    /// Remembers for the rest of the minute that there is no such account, and counts who asked for it.
    pub async fn no_such_account(&self, account_id: i64) {
        let (limits, now, key) = (&self.app.platform.limits, self.app.now(), self.unknown_address());
        let allowed = self.app.allows(LimitKind::Anonymous, &key).await;
        // Other isolates have let through the rest: this one asks no more.
        let more = if allowed { 1 } else { self.limit(LimitKind::Anonymous) };
        limits.request_counter(&key, more, now);
        limits.request_counter(&unknown_account(account_id), 1, now);
    }

    fn unknown_address(&self) -> String {
        format!("unknown {}", self.address)
    }

    async fn count(&self, who: LimitKind, key: &str) -> Result<(), Failure> {
        let (limits, limit) = (&self.app.platform.limits, self.limit(who));
        let allowed = self.app.allows(who, key).await;
        let counted = limits.request_counter(key, allowed.into(), self.app.now());
        let remaining = if allowed { limit.saturating_sub(counted) } else { 0 };
        self.standing.set(Some(Standing { limit, remaining }));
        if allowed {
            return Ok(());
        }
        Err(self.too_many())
    }

    fn too_many(&self) -> Failure {
        let mut failure = Failure::new(429, "You have reached the request limit");
        failure.headers.push(("retry-after", self.seconds_left().to_string()));
        failure
    }

    fn limit(&self, who: LimitKind) -> u32 {
        match who {
            LimitKind::Account => self.app.platform.settings.rate_limit_account,
            LimitKind::Anonymous => self.app.platform.settings.rate_limit_anonymous,
        }
    }

    fn seconds_left(&self) -> i64 {
        (PERIOD - self.app.now().rem_euclid(PERIOD) + 999) / 1_000
    }

    /// The headers that clients of this API break without. Reset is in seconds since 1970.
    pub fn mark(&self, response: Response) -> Response {
        // Answers that nobody counts (`/healthz`) show what is left all the same.
        let Standing { limit, remaining } = self.standing.get().unwrap_or_else(|| {
            let limit = self.limit(LimitKind::Anonymous);
            let counted = self.app.platform.limits.request_counter(&self.address, 0, self.app.now());
            Standing { limit, remaining: limit.saturating_sub(counted) }
        });
        let reset = (self.app.now().div_euclid(PERIOD) + 1) * (PERIOD / 1_000);
        response
            .with("x-ratelimit-limit", limit.to_string())
            .with("x-ratelimit-remaining", remaining.to_string())
            .with("x-ratelimit-reset", reset.to_string())
    }
}

fn unknown_account(id: i64) -> String {
    format!("unknown account {id}")
}
