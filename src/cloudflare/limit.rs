//! Cloudflare's rate limits as `Limits`. The binding decides: it knows what other isolates let through, and costs no round trip.

use worker::{Env, RateLimiter};

use super::bindings::fault;
use crate::platform::{Fault, LimitKind, Limits, LocalBoxFuture, RequestCounter};

thread_local! {
    static TALLY: RequestCounter = const { RequestCounter::new() };
}

/// The bindings `LIMIT_ACCOUNT` and `LIMIT_ANONYMOUS`.
pub struct Bindings {
    account: RateLimiter,
    anonymous: RateLimiter,
}

impl Bindings {
    pub fn open(env: &Env) -> Result<Bindings, Fault> {
        let limiter = |name| env.rate_limiter(name).map_err(fault);
        Ok(Bindings { account: limiter("LIMIT_ACCOUNT")?, anonymous: limiter("LIMIT_ANONYMOUS")? })
    }
}

impl Limits for Bindings {
    fn allows<'a>(&'a self, who: LimitKind, key: &'a str) -> LocalBoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let binding = match who {
                LimitKind::Account => &self.account,
                LimitKind::Anonymous => &self.anonymous,
            };
            binding.limit(key.to_owned()).await.map(|outcome| outcome.success).map_err(fault)
        })
    }

    fn request_counter(&self, key: &str, more: u32, now: i64) -> u32 {
        TALLY.with(|request_counter| request_counter.add(key, more, now))
    }
}
