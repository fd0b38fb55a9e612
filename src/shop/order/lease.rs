//! Statements about the lease of an order: until when somebody is expected to sync it. Cron takes up whose lease is over.

use crate::platform::Statement;

/// The lease alone, for syncs that saw nothing new: no change of the order, so no new revision. The chain of syncs goes
/// on under a new generation, which is answered; should it have forked, the other branch dies here.
pub fn extend(account_id: i64, id: &str, generation: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE orders SET sync_lease = ?4, sync_generation = sync_generation + 1, sync_failures = 0
         WHERE account_id = ?1 AND id = ?2 AND sync_generation = ?3 RETURNING sync_generation",
        vec![account_id.into(), id.into(), generation.into(), until.into()],
    )
}

/// A lease for an order that has none, under a new generation, which is answered: to one of many who ask. No change of the order either.
pub fn begin(account_id: i64, id: &str, generation: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE orders SET sync_lease = ?4, sync_generation = sync_generation + 1, sync_failures = 0
         WHERE account_id = ?1 AND id = ?2 AND sync_generation = ?3 AND sync_lease IS NULL RETURNING sync_generation",
        vec![account_id.into(), id.into(), generation.into(), until.into()],
    )
}

/// Nothing will come any more.
pub fn end(account_id: i64, id: &str, generation: i64) -> Statement {
    Statement::new(
        "UPDATE orders SET sync_lease = NULL, sync_failures = 0 WHERE account_id = ?1 AND id = ?2 AND sync_generation = ?3",
        vec![account_id.into(), id.into(), generation.into()],
    )
}

/// Looks in a row that came to no end (a fault, a killed isolate, a lost message) before the next ones are spaced out.
const PATIENT_FAILURES: u32 = 5;
/// The longest distance between them is 2⁴ times the shortest: 80 minutes, should a queue have been away for hours.
const MAX_DOUBLINGS: u32 = 4;
/// After so many, two weeks or more, nobody looks any more until the order's page is opened.
const MAX_FAILURES: u32 = 250;

/// Cron's sweep over all accounts of a shard: whose chain of syncs has broken off gets a new generation, and a lease of `period`
/// milliseconds, longer with each in a row that broke off. The answered lease is null where it is given up.
pub fn take_lapsed(now: i64, period: i64, limit: u32) -> Statement {
    Statement::new(
        "UPDATE orders SET revision = revision + 1, sync_generation = sync_generation + 1, sync_failures = sync_failures + 1,
           sync_lease = CASE WHEN sync_failures < ?6
             THEN ?1 + (?2 << MAX(0, MIN(sync_failures - ?4, ?5))) END
         WHERE rowid IN (SELECT rowid FROM orders WHERE sync_lease < ?1 ORDER BY sync_lease LIMIT ?3)
         RETURNING account_id, id, sync_generation, sync_lease",
        vec![
            now.into(),
            period.into(),
            limit.into(),
            PATIENT_FAILURES.into(),
            MAX_DOUBLINGS.into(),
            MAX_FAILURES.into(),
        ],
    )
}

/// Ids of the account's orders that can still be paid, newest first. For test accounts, whose chain moves all at once.
pub fn watched(account_id: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id FROM orders INDEXED BY orders_watched_tests
         WHERE account_id = ?1 AND sync_lease IS NOT NULL AND test = 1 ORDER BY seq DESC LIMIT ?2",
        vec![account_id.into(), limit.into()],
    )
}
