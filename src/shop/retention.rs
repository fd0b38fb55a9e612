//! What nobody needs any more goes, a bounded number of rows at a time: kept answers, notifications, replaced secrets, expired
//! links, entries of the blacklist, rows of replaced lists, mails that were given up, objects that no row names, codes and tokens
//! of applications. Webhook logs go by `webhook::prune`, which is told here whose turn it is.

use super::{
    App, account,
    blacklist::{self, KEPT_EXPIRED},
    blacklist_rule, blocked, idempotency, mailer, oauth, operator_list,
    order::notification,
    payment, upload,
    webhook::prune,
};
use crate::{
    platform::{Fault, Row, Statement},
    shop::time::MINUTE,
};

/// Rows of a kind that go by one commit: what comes in is at most a few thousand a minute.
const MAX: u32 = 1_000;
/// Notifications have bodies of kilobytes, and secrets are rewritten.
const FEW: u32 = 100;
/// Grants whose end is told: each is a commit or two.
const ENDS: u32 = 20;
/// Objects of R2: each is a request to it.
const OBJECTS: u32 = 20;

/// The statements of one commit. Cheap when nothing is old: each looks at the end of an index.
pub fn statements(app: &App, now: i64) -> [Statement; 20] {
    let [free_addresses, mark_started, drop_unstarted] = payment::take_old(now, MAX);
    let [count_gaps, drop_entries] = blacklist::sql::take_old(now - KEPT_EXPIRED, MAX);
    let [grants, tokens, codes] = oauth::take_old(now, MAX);
    let [end_deleted, untold] = oauth::take_untold(now, now + 5 * MINUTE, ENDS);
    let [drop_ranges, drop_revisions] = operator_list::sql::take_old(now, MAX);
    [
        notification::take_old(now, FEW),
        idempotency::take_old(now, MAX),
        account::secret::take_old(now, FEW),
        free_addresses,
        mark_started,
        drop_unstarted,
        mailer::sql::take_old(prune::end(app, now), MAX),
        prune::next(prune::end(app, now)),
        upload::take_unnamed(now, OBJECTS),
        count_gaps,
        drop_entries,
        blacklist_rule::sql::take_old(now - KEPT_EXPIRED, MAX),
        drop_ranges,
        drop_revisions,
        blocked::sql::take_old(now, MAX),
        grants,
        tokens,
        codes,
        end_deleted,
        untold,
    ]
}

/// What the answers to `statements` say.
pub struct Gone {
    /// More of a kind may be old than one commit takes.
    pub more: bool,
    /// Accounts whose oldest logs are to go.
    pub accounts: Vec<i64>,
    /// Grants whose end is to be told, for `oauth::tell_ends`.
    pub untold: Vec<Row>,
    /// Objects that are to go, for `upload::delete_unnamed`.
    pub objects: Vec<Row>,
}

pub fn read(answers: [Vec<Row>; 20]) -> Result<Gone, Fault> {
    let [
        notifications,
        answers,
        secrets,
        _,
        started,
        unstarted,
        mails,
        accounts,
        objects,
        _,
        entries,
        rules,
        ranges,
        _,
        blocked,
        grants,
        tokens,
        codes,
        _,
        untold,
    ] = &answers;
    let full = |rows: &[&Vec<Row>], most: u32| rows.iter().map(|rows| rows.len()).sum::<usize>() >= most as usize;
    Ok(Gone {
        more: full(&[notifications], FEW)
            || full(&[answers], MAX)
            || full(&[secrets], FEW)
            || full(&[started, unstarted], MAX)
            || full(&[mails], MAX)
            || full(&[objects], OBJECTS)
            || full(&[entries], MAX)
            || full(&[rules], MAX)
            || full(&[ranges], MAX)
            || full(&[blocked], MAX)
            || full(&[grants], MAX)
            || full(&[tokens], MAX)
            || full(&[codes], MAX)
            || full(&[untold], ENDS),
        accounts: accounts.iter().map(Row::int).collect::<Result<_, _>>()?,
        objects: objects.clone(),
        untold: untold.clone(),
    })
}
