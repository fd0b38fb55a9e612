//! Statements of the operator's lists, which are of no account.

use super::Name;
use crate::{json, platform::Statement};

/// Ranges that cross with one statement: their texts are 80 bytes at most, and D1 takes 2,000,000.
pub const PART: usize = 10_000;

/// The names of the lists that a buyer is on, as one column of a larger statement: a JSON array of texts. `keys` is an expression that is the
/// buyer's `blacklist::Keys`. Of each list it reads its row and one range, or of domains one for each.
pub fn lists_column(keys: &str) -> String {
    let at = format!("json_extract({keys}, '$.at')");
    format!(
        "(SELECT json_group_array(kept.name) FROM operator_lists AS kept WHERE CASE kept.name
           WHEN 'disposable' THEN EXISTS (
             SELECT 1 FROM json_each({keys}, '$.domains') AS wanted
             CROSS JOIN operator_ranges AS r ON r.revision = kept.revision AND r.first = wanted.value)
           ELSE {at} <= (SELECT r.last FROM operator_ranges AS r WHERE r.revision = kept.revision AND r.first <= {at}
             ORDER BY r.first DESC LIMIT 1) END)"
    )
}

pub fn all() -> Statement {
    Statement::new("SELECT name, revision, lines, updated_at FROM operator_lists ORDER BY name", Vec::new())
}

/// Notes a revision, before its first range.
pub fn note(revision: i64, due_at: i64) -> Statement {
    Statement::new(
        "INSERT INTO operator_revisions (revision, due_at) VALUES (?1, ?2)",
        vec![revision.into(), due_at.into()],
    )
}

pub fn fill(revision: i64, ranges: &[(String, String)]) -> Statement {
    Statement::new(
        "INSERT INTO operator_ranges (revision, first, last)
         SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?2)",
        vec![revision.into(), json::to_text(ranges).into()],
    )
}

/// From now on this revision is the list, unless it was taken away meanwhile: then nothing is committed, as stale.
pub fn switch(name: Name, revision: i64, lines: usize, now: i64) -> [Statement; 4] {
    [
        Statement::guard("EXISTS (SELECT 1 FROM operator_revisions WHERE revision = ?1)", vec![revision.into()]),
        retire(name, now),
        Statement::new(
            "INSERT INTO operator_lists (name, revision, lines, updated_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, lines = excluded.lines,
               updated_at = excluded.updated_at",
            vec![name.word().into(), revision.into(), (lines as i64).into(), now.into()],
        ),
        Statement::new("DELETE FROM operator_revisions WHERE revision = ?1", vec![revision.into()]),
    ]
}

/// The second statement answers a row if the list was there.
pub fn destroy(name: Name, now: i64) -> [Statement; 2] {
    [
        retire(name, now),
        Statement::new("DELETE FROM operator_lists WHERE name = ?1 RETURNING name", vec![name.word().into()]),
    ]
}

/// The rows of the list that is about to be replaced are to go.
fn retire(name: Name, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO operator_revisions (revision, due_at) SELECT revision, ?2 FROM operator_lists WHERE name = ?1",
        vec![name.word().into(), now.into()],
    )
}

/// Ranges of revisions that are due, so many at a time, and then the notes of those that have none.
pub fn take_old(now: i64, most: u32) -> [Statement; 2] {
    [
        Statement::new(
            "DELETE FROM operator_ranges WHERE (revision, first) IN (
               SELECT r.revision, r.first FROM operator_revisions AS o CROSS JOIN operator_ranges AS r ON r.revision = o.revision
               WHERE o.due_at <= ?1 LIMIT ?2)
             RETURNING 1 AS gone",
            vec![now.into(), most.into()],
        ),
        Statement::new(
            "DELETE FROM operator_revisions WHERE due_at <= ?1 AND NOT EXISTS (
               SELECT 1 FROM operator_ranges AS r WHERE r.revision = operator_revisions.revision)",
            vec![now.into()],
        ),
    ]
}
