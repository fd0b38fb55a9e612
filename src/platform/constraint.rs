//! Why a database refuses a commit. SQLite says it in a sentence, and D1 passes that on; it is read here and nowhere else.

use super::Fault;

/// A rule of the schema that a commit broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    rule: Rule,
    /// The database's own words, for the operator's log.
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// `CHECK`, by its name.
    Check(String),
    NotNull(Column),
    /// The columns of a unique index, or of a primary key.
    Unique(Vec<Column>),
    /// What no caller asks about.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    table: String,
    name: String,
}

/// The check that `Statement::guard` breaks.
const GUARD: &str = "stale";

impl Constraint {
    /// Reads `UNIQUE constraint failed: coupons.account_id, coupons.code`, with whatever D1 puts around it. `None`: the
    /// message is about something else, such as a connection (sqlite.org/src/file/src/insert.c).
    fn read(message: String) -> Result<Constraint, String> {
        let Some((before, after)) = message.split_once(" constraint failed") else { return Err(message) };
        let names = after.strip_prefix(": ").unwrap_or_default();
        let names = names.split_once(": ").map_or(names, |(names, _)| names);
        let mut columns = names.split(", ").filter_map(|column| {
            let (table, name) = column.split_once('.')?;
            Some(Column { table: table.to_owned(), name: name.to_owned() })
        });
        let rule = match before.rsplit_once(": ").map_or(before, |(_, kind)| kind) {
            "CHECK" => Rule::Check(names.to_owned()),
            "NOT NULL" => columns.next().map_or(Rule::Other, Rule::NotNull),
            "UNIQUE" => Rule::Unique(columns.collect()),
            _ => Rule::Other,
        };
        Ok(Constraint { rule, message })
    }
}

/// Why a commit did not happen. In both cases nothing of it was written, unless the fault is the connection's own:
/// then it may have landed, and whoever repeats it must be keyed so that twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// The schema said no.
    Constraint(Constraint),
    Fault(Fault),
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        CommitError::Fault(fault)
    }
}

impl CommitError {
    /// From the words of SQLite or D1.
    pub fn read(message: String) -> CommitError {
        match Constraint::read(message) {
            Ok(constraint) => CommitError::Constraint(constraint),
            Err(message) => CommitError::Fault(Fault(message)),
        }
    }

    /// The order, or whatever a `guard` watched, was changed by someone else since it was read.
    pub fn is_stale(&self) -> bool {
        self.is_check(GUARD)
    }

    /// The CHECK of this name is broken.
    pub fn is_check(&self, check: &str) -> bool {
        matches!(self.rule(), Some(Rule::Check(name)) if name == check)
    }

    /// Another row has the same value in this column of a unique index or a primary key.
    pub fn is_taken(&self, table: &str, column: &str) -> bool {
        let is_it = |known: &Column| known.table == table && known.name == column;
        matches!(self.rule(), Some(Rule::Unique(columns)) if columns.iter().any(is_it))
    }

    /// A statement had no value for this column.
    pub fn is_missing(&self, table: &str, column: &str) -> bool {
        matches!(self.rule(), Some(Rule::NotNull(known)) if known.table == table && known.name == column)
    }

    fn rule(&self) -> Option<&Rule> {
        match self {
            CommitError::Constraint(constraint) => Some(&constraint.rule),
            CommitError::Fault(_) => None,
        }
    }

    /// For callers to whom a constraint is no refusal but a broken assumption.
    pub fn into_fault(self) -> Fault {
        match self {
            CommitError::Constraint(constraint) => Fault(constraint.message),
            CommitError::Fault(fault) => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommitError;

    /// As SQLite says it, and as D1 passes it on.
    fn both(message: &str) -> [CommitError; 2] {
        [message.to_owned(), format!("D1_ERROR: {message}: SQLITE_CONSTRAINT")].map(CommitError::read)
    }

    #[test]
    fn a_constraint_is_known_by_its_columns() {
        for no in both("UNIQUE constraint failed: coupons.account_id, coupons.code") {
            assert!(no.is_taken("coupons", "code") && no.is_taken("coupons", "account_id"));
            assert!(!no.is_taken("coupons", "cod") && !no.is_taken("oupons", "code") && !no.is_stale());
            assert!(!no.is_missing("coupons", "code"));
        }
        for no in both("NOT NULL constraint failed: payments.confirmations") {
            assert!(no.is_missing("payments", "confirmations"));
            assert!(!no.is_taken("payments", "confirmations"));
        }
        for no in both("CHECK constraint failed: stale") {
            assert!(no.is_stale());
        }
        for no in both("CHECK constraint failed: state IN (0, 1, 2)") {
            assert!(!no.is_stale() && matches!(no, CommitError::Constraint(_)));
        }
        for no in both("FOREIGN KEY constraint failed") {
            assert!(!no.is_stale() && matches!(no, CommitError::Constraint(_)));
            assert!(no.into_fault().0.contains("FOREIGN KEY constraint failed"));
        }
    }

    #[test]
    fn what_is_no_constraint_is_a_fault() {
        for text in ["", "Network connection lost.", "D1_ERROR: no such table: coupons: SQLITE_ERROR"] {
            assert!(matches!(CommitError::read(text.to_owned()), CommitError::Fault(fault) if fault.0 == text));
        }
    }
}
