//! What events owe by what only the commit knows: whether they happen, or what they say, such as the totals of a customer whose
//! orders move at the same time.

use super::{Due, Endpoint, Event, Outbox, PICKUP_DELAY, Place, Subject, outbox_entries, places, sql};
use crate::{
    platform::{Fault, Statement, Value},
    shop::{App, id},
};

/// What only the commit knows of an event's subject, as it makes it: SQL over the account, `?1`, that answers one row with JSON,
/// or none, and then nothing is owed. It is given the place of its first own parameter.
pub struct Computed {
    pub select: fn(usize) -> String,
    pub args: Vec<Value>,
}

/// The logs that an event owes whose payload the commit computes, in the words that all dialects telling it have in common. They
/// stand behind what the payload is computed from. A log that is owed by chance alone is named all the same: a message without
/// a log is none.
pub fn outbox_entries_of<T: Subject>(
    app: &App,
    account_id: i64,
    event: Event,
    subject: &T,
    endpoints: &[Endpoint],
    computed: &Computed,
) -> Result<Outbox, Fault> {
    let mut owed = Outbox { logs: Vec::new(), statements: Vec::new() };
    let now = app.now();
    for Place { endpoint_id, dialect, url, sent, slow, open, .. } in places(app, event, subject, endpoints, now) {
        let id = id::short(app.random());
        let log = sql::NewLog {
            account_id,
            id: &id,
            endpoint_id,
            event,
            subject_id: subject.id(),
            url,
            now,
            due_at: sent.then_some(now + PICKUP_DELAY),
            waits_for: open.then_some(url),
            dialect,
        };
        owed.statements.push(insert_payload(account_id, computed));
        owed.statements.push(only_with(sql::insert_log(&log), computed));
        if sent && !open {
            owed.logs.push(Due { log_id: id, slow });
        }
    }
    Ok(owed)
}

/// What the one log behind it says, if there is anything to say.
fn insert_payload(account_id: i64, computed: &Computed) -> Statement {
    let mut args = vec![account_id.into()];
    args.extend(computed.args.iter().cloned());
    Statement::new(
        format!(
            "INSERT INTO webhook_payloads (account_id, payload, last_seq)
             SELECT ?1, computed.payload, 1 + COALESCE((SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1), 0)
             FROM ({}) computed",
            (computed.select)(2)
        ),
        args,
    )
}

/// The same log, only where there is something to say.
fn only_with(mut log: Statement, computed: &Computed) -> Statement {
    let select = (computed.select)(log.args.len() + 1);
    log.args.extend(computed.args.iter().cloned());
    log.sql = format!("{} HAVING EXISTS ({select})", log.sql);
    log
}

/// What an event owes that only happens if the subject's row is so in the commit itself: `condition` is SQL over the row of the
/// product. Its logs are sent by cron, since nobody knows before the commit whether there are any.
pub fn outbox_entries_if(
    app: &App,
    account_id: i64,
    event: Event,
    product: &impl Subject,
    endpoints: &[Endpoint],
    condition: &str,
) -> Result<Vec<Statement>, Fault> {
    let owed = outbox_entries(app, account_id, &[event], product, endpoints)?;
    let only_if = |statement: Statement| statement.only_if(condition, product.id());
    Ok(owed.statements.into_iter().map(only_if).collect())
}
