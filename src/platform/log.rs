//! The operator's log: one JSON object a line, `{"time","level","event",…}`. The event is a short stable name to search
//! and alert by (`webhook.delivery_failed`); ids say which row. Never a secret, never an e-mail.

use std::fmt;

use crate::json::{self, Pairs, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Worth counting, nothing to mend: an order was paid, a request was refused.
    Info,
    /// Somebody outside failed, or something is late; it heals by itself or is repeated.
    Warn,
    /// Machinery broke: a request or a scheduled run got no answer.
    Error,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// One line, under construction.
#[derive(Debug, Clone)]
#[must_use = "a line is only written by Log::write"]
pub struct LogLine {
    level: Level,
    event: &'static str,
    fields: Vec<(&'static str, Value)>,
}

impl LogLine {
    pub fn info(event: &'static str) -> LogLine {
        LogLine { level: Level::Info, event, fields: Vec::new() }
    }

    pub fn warn(event: &'static str) -> LogLine {
        LogLine { level: Level::Warn, event, fields: Vec::new() }
    }

    pub fn error(event: &'static str) -> LogLine {
        LogLine { level: Level::Error, event, fields: Vec::new() }
    }

    /// The request that the line is about, by the id that its answer carries.
    pub fn request(self, id: &str) -> LogLine {
        self.with("request_id", id)
    }

    pub fn account(self, id: i64) -> LogLine {
        self.with("account_id", id)
    }

    pub fn order(self, id: &str) -> LogLine {
        self.with("order_id", id)
    }

    /// Why, in words.
    pub fn because(self, error: impl fmt::Display) -> LogLine {
        self.with("error", error.to_string().as_str())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> LogLine {
        self.fields.push((name, value.into()));
        self
    }

    pub fn level(&self) -> Level {
        self.level
    }

    pub fn event(&self) -> &'static str {
        self.event
    }

    /// The line as text. `time` is ISO 8601 in UTC.
    pub fn to_json(&self, time: &str) -> String {
        let head = [("time", time), ("level", self.level.name()), ("event", self.event)];
        let fields = head.map(|(name, text)| (name, Value::from(text))).into_iter().chain(self.fields.iter().cloned());
        json::to_text(&Pairs(&fields.collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::LogLine;

    #[test]
    fn a_line_is_one_json_object_whatever_an_error_says() {
        let line = LogLine::warn("gateway.sync_failed").account(7).order("o-1").because("two\nlines and a \"quote\"");
        assert_eq!(
            line.to_json("2026-01-01T00:00:00.000Z"),
            r#"{"time":"2026-01-01T00:00:00.000Z","level":"warn","event":"gateway.sync_failed","account_id":7,"order_id":"o-1","error":"two\nlines and a \"quote\""}"#
        );
    }
}
