//! What is known of all coins, under one key of KV: a write of it is counted, however long it is, and the free plan has a
//! thousand a day.

use crate::{
    platform::{Fault, LogLine},
    shop::App,
};

const KEY: &str = "rates";

/// Each part has a name (a coin's symbol, or the bank's), the time at which it was found in milliseconds since 1970, and a
/// text. As it is kept each is a line, so that a quote reads its own coin's prices and no other's.
///
/// Two writers at once may lose what one of them found. Then it is asked for again, as on the first day.
#[derive(Default)]
pub struct Kept {
    parts: Vec<(String, i64, String)>,
    changed: bool,
    /// What could not be read is not written over: other coins' prices may be in it.
    unread: Option<Fault>,
}

impl Kept {
    pub async fn read(app: &App) -> Kept {
        match app.platform.cache.get(KEY).await {
            Ok(text) => Kept { parts: parts(&text.unwrap_or_default()), ..Kept::default() },
            Err(fault) => Kept { unread: Some(fault), ..Kept::default() },
        }
    }

    pub fn get(&self, name: &str) -> Option<(i64, &str)> {
        let (_, at, text) = self.parts.iter().find(|(known, ..)| known == name)?;
        Some((*at, text))
    }

    pub fn set(&mut self, name: &str, at: i64, text: &str) {
        self.parts.retain(|(known, ..)| known != name);
        self.parts.push((name.to_owned(), at, text.replace('\n', " ")));
        self.changed = true;
    }

    /// Writes once, and only what is new.
    pub async fn write(self, app: &App) {
        if !self.changed {
            return;
        }
        let lines: Vec<_> = self.parts.iter().map(|(name, at, text)| format!("{name} {at} {text}")).collect();
        let written = match self.unread {
            Some(fault) => Err(fault),
            None => app.platform.cache.put(KEY, &lines.join("\n"), None).await,
        };
        if let Err(fault) = written {
            app.platform.log.write(LogLine::warn("rates.not_stored").because(fault));
        }
    }
}

/// What another version of this program wrote in another shape is nothing.
fn parts(text: &str) -> Vec<(String, i64, String)> {
    let part = |line: &str| {
        let (name, rest) = line.split_once(' ')?;
        let (at, text) = rest.split_once(' ')?;
        Some((name.to_owned(), at.parse().ok()?, text.to_owned()))
    };
    text.lines().filter_map(part).collect()
}
