//! What this isolate remembers of shops. The seller's next request here drops it (`forget`); elsewhere it is a minute old at most.

use std::{any::Any, cell::RefCell, collections::HashMap, rc::Rc};

use super::{Item, Listing, Shop};
use crate::{
    platform::Fault,
    shop::{App, product::Product, time::MINUTE, upload::Upload},
};

/// What isn't one account's alone stands under this: who has which slug, which shops there are.
pub const ALL: i64 = 0;

/// Milliseconds.
const MAX_AGE: i64 = MINUTE;
/// Bytes of what is there. An isolate has 128 MB for everything.
const MAX_FOUND: usize = 16 << 20;
/// Bytes of what isn't. Anybody can ask for as many addresses as they like, and pushes out no shop by that.
const MAX_MISSING: usize = 1 << 20;
/// Bytes of an entry beside its value, and more: each new entry walks through all of them.
const ENTRY: usize = 1 << 10;
/// Accounts whose changes are counted.
const MAX_CHANGES: usize = 2_000;

#[derive(Default)]
pub struct Memory(RefCell<Kept>);

#[derive(Default)]
struct Kept {
    found: Entries,
    missing: Entries,
    /// How often something of an account was forgotten: what was read before that is not kept after it.
    changes: HashMap<i64, u64>,
}

#[derive(Default)]
struct Entries {
    all: HashMap<String, Entry>,
    bytes: usize,
}

struct Entry {
    account_id: i64,
    /// Milliseconds since 1970.
    until: i64,
    bytes: usize,
    value: Rc<dyn Any>,
}

impl Entries {
    /// What is too old goes, and then the oldest, until there is room.
    fn insert(&mut self, key: &str, entry: Entry, now: i64, most: usize) {
        self.retain(|known, old| known != key && now < old.until);
        if entry.bytes > most {
            return;
        }
        while self.bytes + entry.bytes > most {
            let oldest = self.all.iter().min_by_key(|(_, old)| old.until).map(|(known, _)| known.clone());
            let Some(gone) = oldest.and_then(|oldest| self.all.remove(&oldest)) else { break };
            self.bytes -= gone.bytes;
        }
        self.bytes += entry.bytes;
        self.all.insert(key.to_owned(), entry);
    }

    fn retain(&mut self, stays: impl Fn(&str, &Entry) -> bool) {
        self.all.retain(|key, entry| stays(key, entry));
        self.bytes = self.all.values().map(|entry| entry.bytes).sum();
    }
}

/// What can be remembered.
pub trait Remembered: 'static {
    /// Bytes that it takes, about.
    fn bytes(&self) -> usize;

    /// There is nothing at this address.
    fn is_missing(&self) -> bool {
        false
    }
}

impl<T: Remembered> Remembered for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, T::bytes)
    }

    fn is_missing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Remembered> Remembered for Rc<T> {
    fn bytes(&self) -> usize {
        (**self).bytes()
    }
}

/// Whose it is, and in which shard.
impl Remembered for (i64, String) {
    fn bytes(&self) -> usize {
        self.1.len()
    }
}

impl Remembered for Vec<Listing> {
    fn bytes(&self) -> usize {
        self.iter().map(|shop| size_of::<Listing>() + shop.slug.len() + shop.name.len()).sum()
    }
}

impl Remembered for Shop {
    fn bytes(&self) -> usize {
        let looks = &self.appearance;
        let cards =
            self.products.iter().map(|card| size_of_val(card) + card.title.len() + picture(card.image.as_ref()));
        let groups = self.categories.iter().map(|group| {
            let ids = group.product_ids.iter().map(|id| size_of::<String>() + id.len());
            size_of_val(group) + group.title.len() + ids.sum::<usize>()
        });
        let texts =
            [&self.name, &self.description_html, &looks.description].map(String::len).into_iter().sum::<usize>();
        let scripts = self.scripts.iter().map(|it| size_of_val(it) + it.src.len() + it.integrity.len());
        size_of::<Shop>() + scripts.sum::<usize>() + texts + cards.sum::<usize>() + groups.sum::<usize>()
    }
}

impl Remembered for Item {
    fn bytes(&self) -> usize {
        let Product { title, description, seller_note, info, custom, image, file, .. } = &self.product;
        let maybe = [seller_note, info, custom].map(|text| text.as_ref().map_or(0, String::len));
        let remarks = self.feedbacks.iter().map(|it| size_of_val(it) + it.comment.len() + it.response.len());
        size_of::<Item>()
            + [title.len(), description.len(), self.description_html.len()].into_iter().sum::<usize>()
            + maybe.into_iter().sum::<usize>()
            + picture(image.as_ref())
            + picture(file.as_ref())
            + remarks.sum::<usize>()
    }
}

fn picture(upload: Option<&Upload>) -> usize {
    upload.map_or(0, |upload| upload.id.len() + upload.mime.len() + upload.name.len())
}

impl Memory {
    /// The value under this key; one that isn't known, or is too old, is read.
    pub async fn keep<T: Remembered>(
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
            let bytes = ENTRY + key.len() + value.bytes();
            let entry = Entry { account_id, until: began + MAX_AGE, bytes, value: value.clone() };
            let mut kept = self.0.borrow_mut();
            match value.is_missing() {
                true => kept.missing.insert(key, entry, app.now(), MAX_MISSING),
                false => kept.found.insert(key, entry, app.now(), MAX_FOUND),
            }
        }
        Ok(value)
    }

    fn known<T: 'static>(&self, key: &str, now: i64) -> Option<Rc<T>> {
        let kept = self.0.borrow();
        let of = |entries: &Entries| entries.all.get(key).filter(|entry| now < entry.until).map(|it| it.value.clone());
        of(&kept.found).or_else(|| of(&kept.missing))?.downcast().ok()
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
    kept.found.retain(|_, entry| !goes(entry));
    kept.missing.retain(|_, entry| !goes(entry));
    if kept.changes.len() >= MAX_CHANGES {
        // As good as a change of all, so that no count begins anew unseen.
        let all = kept.changes.get(&ALL).copied().unwrap_or(0);
        (kept.found, kept.missing) = (Entries::default(), Entries::default());
        kept.changes = HashMap::from([(ALL, all + 1)]);
    }
    *kept.changes.entry(account_id).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(until: i64, bytes: usize) -> Entry {
        Entry { account_id: 1, until, bytes, value: Rc::new(()) }
    }

    fn keys(entries: &Entries) -> String {
        let mut keys: Vec<&str> = entries.all.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.concat()
    }

    #[test]
    fn bytes_are_bounded_and_the_oldest_goes_first() {
        let mut entries = Entries::default();
        for (key, until, bytes) in [("b", 20, 40), ("a", 10, 40), ("c", 30, 20)] {
            entries.insert(key, entry(until, bytes), 0, 100);
        }
        assert_eq!((keys(&entries).as_str(), entries.bytes), ("abc", 100));
        entries.insert("d", entry(40, 10), 0, 100);
        assert_eq!((keys(&entries).as_str(), entries.bytes), ("bcd", 70));
        entries.insert("d", entry(50, 30), 0, 100);
        assert_eq!((keys(&entries).as_str(), entries.bytes), ("bcd", 90), "the same again is one");
        entries.insert("e", entry(60, 101), 0, 100);
        assert_eq!(keys(&entries), "bcd", "what is larger than all isn't kept, and pushes nothing out");
        entries.insert("f", entry(60, 5), 30, 100);
        assert_eq!((keys(&entries).as_str(), entries.bytes), ("df", 35), "what is too old goes as something comes");
    }
}
