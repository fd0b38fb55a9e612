//! Reading the files, and keeping some of them: an isolate sees the same networks again and again.

use std::{cell::RefCell, rc::Rc};

use serde::{Deserialize, Serialize};

use super::files::Key;
use crate::{json, platform::LogLine, shop::App};

const INDEX: &str = "/data/index.json";

/// The networks that have a mark.
pub const MARKED: &str = "/data/marked.bin";

/// Bytes of the files that an isolate keeps: a hundred of the largest, of the 128 MB that it has.
const MAX_KEPT: usize = 4 << 20;

/// Bytes of one file, of which the largest has 40,000: what is longer is none of ours.
const MAX_FILE: usize = 256 << 10;

/// An index that can't be read is asked for again after so many milliseconds, so that a deployment without data costs a look a
/// minute and no look an order.
const RETRY_AFTER: i64 = 60_000;

/// A package that the data is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub package: String,
    pub version: String,
    /// Of the data, as `YYYY-MM-DD`.
    pub date: String,
    pub licence: String,
}

/// What the files are made from, and where each file of ranges begins.
#[derive(Debug, Deserialize)]
struct Index {
    sources: Vec<Source>,
    v4: Vec<u32>,
    v6: Vec<u64>,
}

#[derive(Default)]
struct Kept {
    /// The index, or when it could not be read.
    index: RefCell<Option<Result<Rc<Index>, i64>>>,
    /// The last one was used last.
    files: RefCell<Vec<(String, Rc<[u8]>)>>,
}

/// The packages that the data is made from, with their dates. `None`: there is no data.
pub async fn sources(app: &App) -> Option<Vec<Source>> {
    Some(index(app).await?.sources.clone())
}

/// The path of the file that has an address in it.
pub async fn shard(app: &App, key: Key) -> Option<String> {
    let index = index(app).await?;
    // The first file begins with the first address.
    let (folder, after) = match key {
        Key::V4(ip) => ("v4", index.v4.partition_point(|start| *start <= ip)),
        Key::V6(ip) => ("v6", index.v6.partition_point(|start| *start <= ip)),
    };
    Some(format!("/data/{folder}/{}.bin", after.checked_sub(1)?))
}

async fn index(app: &App) -> Option<Rc<Index>> {
    let kept = app.memory.of::<Kept>();
    let known = kept.index.borrow().clone();
    match known {
        Some(Ok(index)) => return Some(index),
        Some(Err(failed)) if app.now() - failed < RETRY_AFTER => return None,
        _ => {}
    }
    let read = match app.platform.assets.text(INDEX).await {
        Ok(text) => json::from_text::<Index>(&text).map(Rc::new).ok_or_else(|| spoilt(app, INDEX)),
        Err(fault) => {
            app.platform.log.write(unread(INDEX).because(fault));
            Err(())
        }
    };
    let read = read.map_err(|()| app.now());
    kept.index.replace(Some(read.clone()));
    read.ok()
}

/// A file, from the memory of this isolate if it was there a while ago.
pub async fn file(app: &App, path: &str) -> Option<Rc<[u8]>> {
    let kept = app.memory.of::<Kept>();
    if let Some(bytes) = kept.used(path) {
        return Some(bytes);
    }
    match app.platform.assets.bytes(path).await {
        Ok(bytes) if bytes.len() <= MAX_FILE => {
            let bytes: Rc<[u8]> = bytes.into();
            kept.keep(path, bytes.clone());
            Some(bytes)
        }
        Ok(bytes) => {
            let line = unread(path).because(format!("it has {} bytes", bytes.len()));
            app.platform.log.write(line);
            None
        }
        Err(fault) => {
            app.platform.log.write(unread(path).because(fault));
            None
        }
    }
}

/// Says that a file has another form than it should.
pub fn spoilt(app: &App, path: &str) {
    app.platform.log.write(unread(path).because("it has another form than ours"));
}

fn unread(path: &str) -> LogLine {
    LogLine::warn("network.data_unread").with("file", path)
}

impl Kept {
    fn used(&self, path: &str) -> Option<Rc<[u8]>> {
        let mut files = self.files.borrow_mut();
        let at = files.iter().position(|(known, _)| known == path)?;
        let file = files.remove(at);
        let bytes = file.1.clone();
        files.push(file);
        Some(bytes)
    }

    /// Drops those that were not used for the longest time.
    fn keep(&self, path: &str, bytes: Rc<[u8]>) {
        let mut files = self.files.borrow_mut();
        files.retain(|(known, _)| known != path);
        files.push((path.to_owned(), bytes));
        let mut total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let is_over = |(_, bytes): &(String, Rc<[u8]>)| {
            let over = total > MAX_KEPT;
            if over {
                total -= bytes.len();
            }
            over
        };
        let drop = files.iter().map(is_over).take_while(|over| *over).count();
        files.drain(..drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolate_keeps_the_files_that_it_used_last_and_no_more_than_fit() {
        let kept = Kept::default();
        let file: Rc<[u8]> = vec![0; MAX_FILE].into();
        let fit = MAX_KEPT / MAX_FILE;
        for n in 0..fit {
            kept.keep(&n.to_string(), file.clone());
        }
        assert!(kept.used("0").is_some(), "all fit");
        kept.keep("one more", file.clone());
        assert!(kept.used("1").is_none() && kept.used("0").is_some() && kept.used("one more").is_some());
        for n in 0..10 * fit {
            kept.keep(&n.to_string(), file.clone());
            kept.keep(&n.to_string(), file.clone());
        }
        let bytes: usize = kept.files.borrow().iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!((kept.files.borrow().len(), bytes), (fit, MAX_KEPT));
    }
}
