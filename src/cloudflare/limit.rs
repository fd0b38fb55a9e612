//! Cloudflare's rate limits as `Limits`. The binding decides: it knows what other isolates let through, and costs no round trip.

use super::js::{self, Env};
use crate::world::{Fault, Later, Limited, Limits, Tally};

thread_local! {
    static TALLY: Tally = const { Tally::new() };
}

/// The bindings `LIMIT_ACCOUNT` and `LIMIT_ANONYMOUS`.
pub struct Bindings {
    account: js::RateLimit,
    anonymous: js::RateLimit,
}

impl Bindings {
    pub fn open(env: &Env) -> Result<Bindings, Fault> {
        Ok(Bindings { account: js::binding(env, "LIMIT_ACCOUNT")?, anonymous: js::binding(env, "LIMIT_ANONYMOUS")? })
    }
}

impl Limits for Bindings {
    fn allows<'a>(&'a self, who: Limited, key: &'a str) -> Later<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let binding = match who {
                Limited::Account => &self.account,
                Limited::Anonymous => &self.anonymous,
            };
            js::allows(binding, key).await.map(|allowed| allowed.is_truthy()).map_err(js::fault)
        })
    }

    fn tally(&self, key: &str, more: u32, now: i64) -> u32 {
        TALLY.with(|tally| tally.add(key, more, now))
    }
}
