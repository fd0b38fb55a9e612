//! What this isolate has counted by itself in the running minute.

use std::{cell::RefCell, collections::BTreeMap};

/// A rate limit's period, in milliseconds.
pub const PERIOD: i64 = 60_000;
/// A tally of more keys than this is begun anew.
const MOST: usize = 20_000;

/// Counts by key; a new minute begins at nothing.
#[derive(Default)]
pub struct Tally(RefCell<(i64, BTreeMap<String, u32>)>);

impl Tally {
    pub const fn new() -> Tally {
        Tally(RefCell::new((0, BTreeMap::new())))
    }

    /// Adds `more` (0 only looks) and answers the sum. `now` is in milliseconds.
    pub fn add(&self, key: &str, more: u32, now: i64) -> u32 {
        let mut tally = self.0.borrow_mut();
        let (minute, counts) = &mut *tally;
        if *minute != now.div_euclid(PERIOD) || counts.len() > MOST {
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
