//! Lists whose rows can be deleted, newest first. A page costs at most its rows, a few rows for each block of 1024 seqs that
//! has gaps, and half a block: how deep it lies and how large the table has grown doesn't matter. Tables that only grow
//! need none of this (see `order::sql::page`).

use crate::platform::{Fault, Row, Statement};

/// One page, and how many rows there are in all.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub total: u64,
}

/// Takes the list's next seq. It stands before the INSERT in the same commit, which uses `next_seq`.
pub fn grow(account_id: i64, list: &str) -> Statement {
    Statement::new(
        "INSERT INTO lists (account_id, list, last_seq) VALUES (?1, ?2, 1)
         ON CONFLICT (account_id, list) DO UPDATE SET last_seq = last_seq + 1",
        vec![account_id.into(), list.into()],
    )
}

/// The same for several: the last is `next_seq`, and the others stand before it.
pub fn grow_by(account_id: i64, list: &str, count: usize) -> Statement {
    Statement::new(
        "INSERT INTO lists (account_id, list, last_seq) VALUES (?1, ?2, ?3)
         ON CONFLICT (account_id, list) DO UPDATE SET last_seq = last_seq + ?3",
        vec![account_id.into(), list.into(), (count as i64).into()],
    )
}

/// The seq that `grow` took, as an SQL expression; `?1` is the account.
pub fn next_seq(list: &str) -> String {
    format!("(SELECT last_seq FROM lists WHERE account_id = ?1 AND list = '{list}')")
}

/// Deletes a row by its id: counts the gap, then deletes. The second statement answers a row if it was there.
pub fn delete(account_id: i64, list: &str, id: &str) -> [Statement; 2] {
    [
        Statement::new(
            format!(
                "INSERT INTO list_gaps (account_id, list, block, deleted)
                 SELECT account_id, '{list}', (seq - 1) / 1024, 1 FROM {list} WHERE account_id = ?1 AND id = ?2
                 ON CONFLICT (account_id, list, block) DO UPDATE SET deleted = deleted + 1"
            ),
            vec![account_id.into(), id.into()],
        ),
        Statement::new(
            format!("DELETE FROM {list} WHERE account_id = ?1 AND id = ?2 RETURNING id"),
            vec![account_id.into(), id.into()],
        ),
    ]
}

/// Holds a commit to the row's still being as it was read, if it is there at all: each change moves `updated_at` on.
pub fn unmoved(account_id: i64, list: &str, id: &str, updated_at: i64) -> Statement {
    Statement::guard(
        &format!("NOT EXISTS (SELECT 1 FROM {list} WHERE account_id = ?1 AND id = ?2 AND updated_at <> ?3)"),
        vec![account_id.into(), id.into(), updated_at.into()],
    )
}

/// When a row is changed: now, and later than before even within a millisecond.
pub fn moved(now: i64, before: i64) -> i64 {
    now.max(before + 1)
}

/// How many rows there are, and the columns of the page's rows. `page` counts from 1.
///
/// Where does row number `skip` from the top lie? Let h be the highest block with gaps that isn't skipped whole, and D what
/// the blocks above it lack. Without further gaps it would be at last - skip - D; if that is above h, it is there. Otherwise
/// it lies in h, so many rows below its top as are left to skip, or so many above its bottom as are left under it: they are
/// counted from where they are fewer, which is half a block at most.
pub fn page(account_id: i64, list: &str, columns: &str, page: u32, per_page: u32) -> [Statement; 2] {
    let skip = i64::from(page - 1) * i64::from(per_page);
    let total = format!(
        "SELECT COALESCE((SELECT last_seq FROM lists WHERE account_id = ?1 AND list = '{list}'), 0)
              - COALESCE((SELECT SUM(deleted) FROM list_gaps WHERE account_id = ?1 AND list = '{list}'), 0)"
    );
    let place = format!(
        "WITH last AS MATERIALIZED (
           SELECT COALESCE((SELECT last_seq FROM lists WHERE account_id = ?1 AND list = '{list}'), 0) AS seq
         ), gaps AS (
           SELECT block, deleted, SUM(deleted) OVER (ORDER BY block DESC) AS so_far
           FROM list_gaps WHERE account_id = ?1 AND list = '{list}'
         ), inside AS MATERIALIZED (
           SELECT MAX(IIF(seq - block * 1024 - so_far > ?2, block, NULL)) AS block,
                  COALESCE(SUM(IIF(seq - block * 1024 - so_far > ?2, 0, deleted)), 0) AS above, seq
           FROM last LEFT JOIN gaps ON TRUE
         ), place AS MATERIALIZED (
           SELECT seq - ?2 - above AS plain, block * 1024 AS bottom, MIN((block + 1) * 1024, seq) AS top,
                  ?2 - (seq - MIN((block + 1) * 1024, seq) - above) AS left_over,
                  seq - block * 1024 - above - ?2 - 1
                    - (SELECT deleted FROM list_gaps
                       WHERE account_id = ?1 AND list = '{list}' AND block = inside.block) AS left_under
           FROM inside
         )
         SELECT {columns} FROM {list} WHERE account_id = ?1 AND seq <= (
           SELECT CASE
             WHEN top IS NULL OR plain > top THEN plain
             WHEN left_over <= left_under THEN
               (SELECT seq FROM {list} WHERE account_id = ?1 AND seq <= (SELECT top FROM place)
                ORDER BY seq DESC LIMIT 1 OFFSET (SELECT left_over FROM place))
             ELSE
               (SELECT seq FROM {list} WHERE account_id = ?1 AND seq > (SELECT bottom FROM place)
                ORDER BY seq LIMIT 1 OFFSET (SELECT left_under FROM place))
           END FROM place)
         ORDER BY seq DESC LIMIT ?3"
    );
    [
        Statement::new(total, vec![account_id.into()]),
        Statement::new(place, vec![account_id.into(), skip.into(), per_page.into()]),
    ]
}

/// The same of a table that only grows: how many rows there are, and a page, which is a range of `seq`. A page of a table whose
/// oldest rows go lies there as well; only its total is another.
pub fn grown_page(account_id: i64, list: &str, columns: &str, page: u32, per_page: u32) -> [Statement; 2] {
    let skip = i64::from(page - 1) * i64::from(per_page);
    [
        Statement::new(
            format!("SELECT COALESCE(MAX(seq), 0) FROM {list} WHERE account_id = ?1"),
            vec![account_id.into()],
        ),
        Statement::new(
            format!(
                "SELECT {columns} FROM {list} WHERE account_id = ?1
                 AND seq <= (SELECT MAX(seq) FROM {list} WHERE account_id = ?1) - ?2
                 ORDER BY seq DESC LIMIT ?3"
            ),
            vec![account_id.into(), skip.into(), per_page.into()],
        ),
    ]
}

/// A row by its id, or by its `seq`, which some clients know it by. Of two rows that a name of digits fits, the id decides.
pub fn named(account_id: i64, list: &str, columns: &str, name: &str) -> Statement {
    // No list has more, and a number with zeros before it is none of its names.
    const MAX_DIGITS: usize = 15;
    let is_number = name.len() <= MAX_DIGITS && !name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit());
    let seq: Option<i64> = is_number.then(|| name.parse().ok()).flatten();
    Statement::new(
        format!(
            "SELECT {columns} FROM {list} WHERE account_id = ?1
             AND seq = COALESCE((SELECT seq FROM {list} WHERE account_id = ?1 AND id = ?2), ?3)"
        ),
        vec![account_id.into(), name.into(), seq.into()],
    )
}

/// The answers of `page`, or of any two statements that answer a total and a page's rows.
pub fn read<T>([total, rows]: [Vec<Row>; 2], read: impl Fn(&Row) -> Result<T, Fault>) -> Result<Page<T>, Fault> {
    let total = total.first().map_or(Ok(0), Row::count)?;
    Ok(Page { rows: rows.iter().map(read).collect::<Result<_, _>>()?, total: total.into() })
}
