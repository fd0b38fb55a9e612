//! What this isolate remembers of shops. The seller's next request here drops it (`forget`); elsewhere it is a minute old at most.

use std::{any::Any, cell::RefCell, collections::HashMap, rc::Rc};

use crate::{
    platform::Fault,
    shop::{App, time::MINUTE},
};

/// What isn't one account's alone stands under this: who has which slug, which shops there are.
pub const ALL: i64 = 0;

/// Milliseconds.
const MAX_AGE: i64 = MINUTE;
/// A memory with more entries than this is begun anew: anybody can ask for as many addresses as they like.
const MAX: usize = 2_000;

#[derive(Default)]
pub struct Memory(RefCell<Kept>);

#[derive(Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    /// How often something of an account was forgotten: what was read before that is not kept after it.
    changes: HashMap<i64, u64>,
}

struct Entry {
    account_id: i64,
    /// Milliseconds since 1970.
    until: i64,
    value: Rc<dyn Any>,
}

impl Memory {
    /// The value under this key; one that isn't known, or is too old, is read.
    pub async fn keep<T: 'static>(
        &self,
        app: &App,
        account_id: i64,
        key: &str,
        read: impl AsyncFnOnce() -> Result<T, Fault>,
    ) -> Result<Rc<T>, Fault> {
        if let Some(known) = self.known(key, app.now()) {
            return Ok(known);
        }
        let (before, began) = (self.changes(account_id), app.now());
        let value = Rc::new(read().await?);
        if self.changes(account_id) == before {
            let mut kept = self.0.borrow_mut();
            if kept.entries.len() >= MAX {
                kept.entries.clear();
            }
            kept.entries.insert(key.to_owned(), Entry { account_id, until: began + MAX_AGE, value: value.clone() });
        }
        Ok(value)
    }

    fn known<T: 'static>(&self, key: &str, now: i64) -> Option<Rc<T>> {
        let kept = self.0.borrow();
        kept.entries.get(key).filter(|entry| now < entry.until)?.value.clone().downcast().ok()
    }

    fn changes(&self, account_id: i64) -> (u64, u64) {
        let kept = self.0.borrow();
        let of = |id: i64| kept.changes.get(&id).copied().unwrap_or(0);
        (of(account_id), of(ALL))
    }
}

/// After a change of what an account's pages show.
pub fn forget(app: &App, account_id: i64) {
    drop_if(app, account_id, |entry| entry.account_id == account_id);
}

/// After a change of who has which address.
pub fn forget_addresses(app: &App) {
    drop_if(app, ALL, |entry| entry.account_id == ALL);
}

/// After a change of which shops there are.
pub fn forget_everything(app: &App) {
    drop_if(app, ALL, |_| true);
}

fn drop_if(app: &App, account_id: i64, goes: impl Fn(&Entry) -> bool) {
    let memory = app.memory.of::<Memory>();
    let mut kept = memory.0.borrow_mut();
    kept.entries.retain(|_, entry| !goes(entry));
    if kept.changes.len() >= MAX {
        // As good as a change of all, so that no count begins anew unseen.
        let all = kept.changes.get(&ALL).copied().unwrap_or(0);
        kept.entries.clear();
        kept.changes = HashMap::from([(ALL, all + 1)]);
    }
    *kept.changes.entry(account_id).or_default() += 1;
}
