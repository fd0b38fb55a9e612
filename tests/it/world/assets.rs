//! The static assets: public/ as it stands. Its data, which the build makes, is a small one here that the same program made
//! (tests/worker/data.test.mjs).

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::PathBuf,
};

use pushguard::platform::{Assets, Fault, LocalBoxFuture};

thread_local! {
    static BREAKS: Cell<bool> = const { Cell::new(false) };
    static DATA: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    static REPLACED: RefCell<HashMap<String, Vec<u8>>> = RefCell::default();
    static READ: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The next file that is asked for in this thread can't be read.
pub fn break_read() {
    BREAKS.set(true);
}

/// This thread reads `/data/` in this folder.
pub fn read_data_in(folder: PathBuf) {
    DATA.replace(Some(folder));
}

/// This thread reads these bytes in place of a file.
pub fn replace(path: &str, bytes: Vec<u8>) {
    REPLACED.with_borrow_mut(|replaced| replaced.insert(path.to_owned(), bytes));
}

/// The paths that were read in this thread since somebody asked.
pub fn read() -> Vec<String> {
    READ.take()
}

fn file(path: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    match path.strip_prefix("/data/") {
        Some(name) => {
            let folder = DATA.with_borrow(|folder| folder.clone());
            folder.unwrap_or_else(|| root.join("tests/it/network/data")).join(name)
        }
        None => root.join(format!("public{path}")),
    }
}

pub struct Public;

impl Assets for Public {
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move { String::from_utf8(self.bytes(path).await?).map_err(|error| Fault(error.to_string())) })
    }

    fn bytes<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<Vec<u8>, Fault>> {
        READ.with_borrow_mut(|read| read.push(path.to_owned()));
        let replaced = REPLACED.with_borrow(|replaced| replaced.get(path).cloned());
        let read = match (BREAKS.take(), replaced) {
            (true, _) => Err(Fault("the assets did not answer".into())),
            (false, Some(bytes)) => Ok(bytes),
            (false, None) => match std::fs::read(file(path)) {
                // Files that list nothing aren't kept with the tests.
                Err(_) if path.starts_with("/data/domains/") => Ok(b"PGD1".to_vec()),
                read => read.map_err(|error| Fault(error.to_string())),
            },
        };
        Box::pin(std::future::ready(read))
    }
}
