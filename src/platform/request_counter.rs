//! What this isolate has counted by itself in the running minute.

use std::{cell::RefCell, collections::BTreeMap};

/// A rate limit's period, in milliseconds.
pub const PERIOD: i64 = 60_000;
/// A request_counter of more keys than this is begun anew.
const MAX: usize = 20_000;

/// Counts by key; a new minute begins at nothing.
#[derive(Default)]
pub struct RequestCounter(RefCell<(i64, BTreeMap<String, u32>)>);

impl RequestCounter {
    pub const fn new() -> RequestCounter {
        RequestCounter(RefCell::new((0, BTreeMap::new())))
    }

    /// Adds `more` (0 only looks) and answers the sum. `now` is in milliseconds.
    pub fn add(&self, key: &str, more: u32, now: i64) -> u32 {
        let mut request_counter = self.0.borrow_mut();
        let (minute, counts) = &mut *request_counter;
        if *minute != now.div_euclid(PERIOD) || counts.len() > MAX {
            *minute = now.div_euclid(PERIOD);
            counts.clear();
        }
        if let Some(count) = counts.get_mut(key) {
            *count = count.saturating_add(more);
            return *count;
        }
        if more > 0 {
            counts.insert(key.to_owned(), more);
        }
        more
    }
}
