//! KV as `Cache`, under a memo of this isolate. KV's own edge copy lives for 30 seconds and the memo for 25: what was
//! changed elsewhere is known here within a minute.

use std::{cell::RefCell, collections::BTreeMap};

use worker::kv::{KvError, KvStore};

use crate::platform::{Cache, Fault, LocalBoxFuture};

const EDGE_SECONDS: u64 = 30;
const MEMO_MS: u64 = 25_000;
/// A memo larger than this is begun anew.
const MAX: usize = 5_000;

type Memo = BTreeMap<String, (u64, Option<String>)>;

thread_local! {
    static MEMO: RefCell<Memo> = const { RefCell::new(BTreeMap::new()) };
}

pub struct Near(pub KvStore);

fn now() -> u64 {
    js_sys::Date::now() as u64
}

fn remember(key: &str, value: Option<String>) {
    MEMO.with(|memo| {
        let mut memo = memo.borrow_mut();
        if memo.len() >= MAX {
            memo.clear();
        }
        memo.insert(key.to_owned(), (now() + MEMO_MS, value));
    });
}

impl Cache for Near {
    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<String>, Fault>> {
        Box::pin(async move {
            let known = MEMO.with(|memo| memo.borrow().get(key).filter(|(until, _)| *until > now()).cloned());
            if let Some((_, value)) = known {
                return Ok(value);
            }
            let value = self.0.get(key).cache_ttl(EDGE_SECONDS).text().await.map_err(fault)?;
            // That an account isn't there is not remembered: anybody can ask for as many as they
            // like, and would push the others out.
            if value.is_some() || !key.starts_with("account:") {
                remember(key, value.clone());
            }
            Ok(value)
        })
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str, seconds: Option<u32>) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            remember(key, Some(value.to_owned()));
            let put = self.0.put(key, value).map_err(fault)?;
            let put = match seconds {
                // KV keeps nothing for less than a minute.
                Some(seconds) => put.expiration_ttl(u64::from(seconds.max(60))),
                None => put,
            };
            put.execute().await.map_err(fault)
        })
    }
}

fn fault(error: KvError) -> Fault {
    Fault(error.to_string())
}
