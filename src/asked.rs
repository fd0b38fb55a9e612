//! Which fields and parameters handlers look at, so that a test can hold the specification against it
//! (`tests/it/openapi`). Native builds alone.

use std::{cell::RefCell, collections::BTreeSet};

thread_local! {
    static ASKED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Somebody looks at what was sent under this name.
pub fn note(name: &str) {
    ASKED.with_borrow_mut(|asked| {
        if !asked.contains(name) {
            asked.insert(name.to_owned());
        }
    });
}

/// What this thread asked since the last time.
pub fn take() -> BTreeSet<String> {
    ASKED.take()
}
