//! What nobody needs any more goes, a bounded number of rows at a time: kept answers, notifications, replaced secrets, expired
//! links. Webhook logs go by `webhook::prune`, which is told here whose turn it is.

use super::{Shop, account, idempotency, order::notification, payment, webhook::prune};
use crate::platform::{Fault, Row, Statement};

/// Rows of a kind that go by one commit: what comes in is at most a few thousand a minute.
const MOST: u32 = 1_000;
/// Notifications have bodies of kilobytes, and secrets are rewritten.
const FEW: u32 = 100;

/// The statements of one commit. Cheap when nothing is old: each looks at the end of an index.
pub fn statements(shop: &Shop, now: i64) -> Vec<Statement> {
    let [mark_started, drop_unstarted] = payment::take_old(now, MOST);
    vec![
        notification::take_old(now, FEW),
        idempotency::take_old(now, MOST),
        account::take_old(now, FEW),
        mark_started,
        drop_unstarted,
        prune::next(prune::end(shop, now)),
    ]
}

/// What the answers to `statements` say.
pub struct Gone {
    /// More of a kind may be old than one commit takes.
    pub more: bool,
    /// Accounts whose oldest logs are to go.
    pub accounts: Vec<i64>,
}

pub fn read(rows: &[Vec<Row>]) -> Result<Gone, Fault> {
    let [notifications, answers, secrets, started, unstarted, accounts] = rows else {
        return Err(Fault("six answers of the clean-up were expected".into()));
    };
    let full = |rows: &[&Vec<Row>], most: u32| rows.iter().map(|rows| rows.len()).sum::<usize>() >= most as usize;
    Ok(Gone {
        more: full(&[notifications], FEW)
            || full(&[answers], MOST)
            || full(&[secrets], FEW)
            || full(&[started, unstarted], MOST),
        accounts: accounts.iter().map(Row::int).collect::<Result<_, _>>()?,
    })
}
