//! Why a text is no rule, and where.

use std::{fmt, ops::Range};

/// Lines and columns begin at 1. Columns and lengths count characters (Unicode scalar values), not bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    pub line: usize,
    pub column: usize,
    /// At least 1, also at the end of the text.
    pub length: usize,
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule is invalid at {}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for RuleError {}

/// The same, at bytes of the text.
#[derive(Clone, Debug)]
pub struct Wrong {
    at: Range<usize>,
    message: String,
}

impl Wrong {
    pub fn new(at: Range<usize>, message: impl Into<String>) -> Wrong {
        Wrong { at, message: message.into() }
    }

    pub fn placed(self, text: &str) -> RuleError {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        RuleError {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            length: text.get(self.at).map_or(0, |part| part.chars().count()).max(1),
            message: self.message,
        }
    }
}

/// A part of a rule as a sentence about it shows it: on one line and not long.
pub fn shown(text: &str) -> String {
    const MAX: usize = 40;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = line.chars().take(MAX).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}
