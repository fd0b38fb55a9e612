//! How often somebody may ask: an account by its id, anybody else by his address. The platform's limit says yes or no; how
//! many are left, as the headers have it, is this isolate's own count.

use std::{cell::Cell, net::IpAddr};

use super::failure::Failure;
use crate::{
    http::{Request, Response},
    shop::Shop,
    world::{Limited, LogLine, PERIOD},
};

/// Where the one who asks stands. All numbers are of the running minute.
#[derive(Clone, Copy)]
struct Standing {
    limit: u32,
    remaining: u32,
}

/// One request, as the limits see it.
pub struct Meter<'a> {
    shop: &'a Shop,
    address: String,
    standing: Cell<Option<Standing>>,
    account_id: Cell<Option<i64>>,
}

impl<'a> Meter<'a> {
    pub fn new(shop: &'a Shop, request: &Request) -> Meter<'a> {
        Meter {
            shop,
            address: address(request.header("cf-connecting-ip")),
            standing: Cell::new(None),
            account_id: Cell::new(None),
        }
    }

    /// Counts a request of somebody whom we know.
    pub async fn account(&self, id: i64) -> Result<(), Failure> {
        self.account_id.set(Some(id));
        self.count(Limited::Account, &id.to_string()).await
    }

    /// The account that was counted, for the log.
    pub fn known_account(&self) -> Option<i64> {
        self.account_id.get()
    }

    /// Counts a request without credentials, or with such that have to be looked up first.
    pub async fn anonymous(&self) -> Result<(), Failure> {
        self.count(Limited::Anonymous, &self.address).await
    }

    async fn count(&self, who: Limited, key: &str) -> Result<(), Failure> {
        let (limits, limit) = (&self.shop.world.limits, self.limit(who));
        let allowed = match limits.allows(who, key).await {
            Ok(allowed) => allowed,
            Err(fault) => {
                // Better too many requests than none.
                self.shop.world.log.write(LogLine::warn("rate_limit.unavailable").because(fault));
                true
            }
        };
        let counted = limits.tally(key, allowed.into(), self.shop.now());
        let remaining = if allowed { limit.saturating_sub(counted) } else { 0 };
        self.standing.set(Some(Standing { limit, remaining }));
        if allowed {
            return Ok(());
        }
        let mut failure = Failure::new(429, "You have reached the request limit");
        failure.headers.push(("retry-after", self.seconds_left().to_string()));
        Err(failure)
    }

    fn limit(&self, who: Limited) -> u32 {
        match who {
            Limited::Account => self.shop.world.settings.rate_limit_account,
            Limited::Anonymous => self.shop.world.settings.rate_limit_anonymous,
        }
    }

    fn seconds_left(&self) -> i64 {
        (PERIOD - self.shop.now().rem_euclid(PERIOD) + 999) / 1_000
    }

    /// The headers that clients of this API break without. Reset is in seconds since 1970.
    pub fn mark(&self, response: Response) -> Response {
        // Answers that nobody counts (`/healthz`) show what is left all the same.
        let Standing { limit, remaining } = self.standing.get().unwrap_or_else(|| {
            let limit = self.limit(Limited::Anonymous);
            let counted = self.shop.world.limits.tally(&self.address, 0, self.shop.now());
            Standing { limit, remaining: limit.saturating_sub(counted) }
        });
        let reset = (self.shop.now().div_euclid(PERIOD) + 1) * (PERIOD / 1_000);
        response
            .with("x-ratelimit-limit", limit.to_string())
            .with("x-ratelimit-remaining", remaining.to_string())
            .with("x-ratelimit-reset", reset.to_string())
    }
}

/// Of IPv6 the first half: whoever has one address has its whole /64.
fn address(text: Option<&str>) -> String {
    match text.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => format!("{:x}", u128::from(ip) >> 64),
        None => "unknown".into(),
    }
}
