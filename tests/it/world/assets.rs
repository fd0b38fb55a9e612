//! The static assets: public/ as it stands.

use std::cell::Cell;

use pushguard::platform::{Assets, Fault, LocalBoxFuture};

thread_local! {
    static BREAKS: Cell<bool> = const { Cell::new(false) };
}

/// The next file that is asked for in this thread can't be read.
pub fn break_read() {
    BREAKS.set(true);
}

pub struct Public;

impl Assets for Public {
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>> {
        let file = format!("{}/public{path}", env!("CARGO_MANIFEST_DIR"));
        let read = match BREAKS.take() {
            true => Err(Fault("the assets did not answer".into())),
            false => std::fs::read_to_string(file).map_err(|error| Fault(error.to_string())),
        };
        Box::pin(std::future::ready(read))
    }
}
