//! What events owe whose verbs read no endpoints: few accounts listen to them, and none of the others is to pay a round trip.
//! The commit itself looks for endpoints, and answers the logs that it wrote, so that they are sent at once.
//!
//! Only for events that no subject has a URL of its own for.

use super::{App, Audience, Due, Event, MISSED_FOR, PICKUP_DELAY, Subject, messages, receiver};
use crate::{
    platform::{Fault, Row, Statement, Value},
    shop::{account::Account, event::Dialect, job::Job, prepared::Prepared},
};

/// The logs that this event owes, in each dialect that tells it. Give the statements' answers to `nudges`.
pub fn owe<T: Subject>(app: &App, account_id: i64, event: Event, subject: &T) -> Result<Vec<Statement>, Fault> {
    let mut statements = Vec::new();
    for dialect in Dialect::ALL.into_iter().filter(|dialect| app.serializers.tells(*dialect, event)) {
        let payload = app.serializers.payload(dialect, event, subject)?;
        let wanted = Wanted { account_id, dialect, event, audience: subject.audience(), now: app.now() };
        statements.push(wanted.insert_payload(payload));
        statements.push(wanted.insert_logs(subject.id()));
    }
    Ok(statements)
}

/// Holds a commit to nobody's being told this event: for a verb that has to read what it tells, which it does once it knows
/// that somebody listens.
pub fn nobody(account_id: i64, event: Event) -> Statement {
    Statement::guard(
        "NOT EXISTS (SELECT 1 FROM webhook_endpoints
         WHERE account_id = ?1 AND instr(',' || events || ',', ',' || ?2 || ',') AND (enabled = 1 OR disabled_at IS NOT NULL))",
        vec![account_id.into(), event.name().into()],
    )
}

/// Messages for the logs that these answers name; others have none to send.
pub fn nudges(account: &Account, answers: &[Vec<Row>]) -> Result<Vec<(Job, u32)>, Fault> {
    let mut due = Vec::new();
    for row in answers.iter().flatten() {
        if let Some(log_id) = row.read(|row| Ok(row.maybe_text()))? {
            due.push(Due { log_id, slow: false });
        }
    }
    Ok(messages(account, &due))
}

/// The same as a part of what a verb has prepared.
pub fn with<T>(prepared: Prepared<T>, account: &Account, owed: Vec<Statement>) -> Prepared<T> {
    let account = account.clone();
    prepared.owing(owed, move |answers| nudges(&account, answers))
}

/// The endpoints of one dialect that are to be told.
struct Wanted<'a> {
    account_id: i64,
    dialect: Dialect,
    event: Event,
    audience: Audience<'a>,
    now: i64,
}

impl Wanted<'_> {
    /// Those that want the event, one for a URL unless they have keys of their own; the disabled ones only where no other has
    /// it. `?1` to `?5` are its parameters.
    fn endpoints(&self) -> String {
        let audience = match self.audience {
            Audience::All => "AND ?5 IS NULL",
            Audience::OfKey => "AND app_id IS NULL AND ?5 IS NULL",
            Audience::OfApp(_) => "AND app_id = ?5",
        };
        format!(
            "SELECT id, url, enabled FROM (
               SELECT id, url, enabled, ROW_NUMBER() OVER (
                 PARTITION BY url, IIF(signing_key IS NULL, '', id) ORDER BY enabled DESC, id) AS place
               FROM webhook_endpoints
               WHERE account_id = ?1 AND dialect = ?2 AND instr(',' || events || ',', ',' || ?3 || ',')
                 AND (enabled = 1 OR disabled_at > ?4) {audience}) WHERE place = 1"
        )
    }

    fn args(&self) -> Vec<Value> {
        let app_id = match self.audience {
            Audience::OfApp(id) => Some(id),
            Audience::All | Audience::OfKey => None,
        };
        vec![
            self.account_id.into(),
            self.dialect.name().into(),
            self.event.name().into(),
            (self.now - MISSED_FOR).into(),
            app_id.into(),
        ]
    }

    /// What the logs behind it say, if there are any.
    fn insert_payload(&self, payload: String) -> Statement {
        let mut args = self.args();
        args.push(payload.into());
        Statement::new(
            format!(
                "INSERT INTO webhook_payloads (account_id, payload, last_seq)
                 SELECT ?1, ?6, wanted.logs + COALESCE((SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1), 0)
                 FROM (SELECT COUNT(*) AS logs FROM ({})) wanted WHERE wanted.logs > 0",
                self.endpoints()
            ),
            args,
        )
    }

    /// One for each endpoint. Answers the id of each that can be sent now. How many there will be nobody knows before the
    /// commit, so the database draws their ids: 48 bits, as all logs have.
    fn insert_logs(&self, subject_id: &str) -> Statement {
        let mut args = self.args();
        args.extend([
            subject_id.into(),
            self.now.into(),
            (self.now + PICKUP_DELAY).into(),
            receiver::held_until(self.now).into(),
        ]);
        Statement::new(
            format!(
                "INSERT INTO webhook_logs (account_id, seq, pruned, id, endpoint_id, event, subject_id, url, payload_id,
                   due_at, error, created_at, updated_at, waits_for, dialect)
                 SELECT ?1, COALESCE(last.seq, 0) + ROW_NUMBER() OVER (ORDER BY e.id), COALESCE(last.pruned, 0),
                   lower(hex(randomblob(6))), e.id, ?3, ?6, e.url, (SELECT id FROM webhook_payloads WHERE account_id = ?1 ORDER BY id DESC LIMIT 1),
                   CASE WHEN e.enabled = 0 THEN NULL WHEN r.url IS NULL THEN ?8 ELSE ?9 END,
                   IIF(e.enabled, NULL, 'endpoint_disabled'), ?7, ?7, IIF(e.enabled, r.url, NULL), ?2
                 FROM ({}) e
                 LEFT JOIN webhook_receivers r ON r.account_id = ?1 AND r.url = e.url AND r.open_until IS NOT NULL
                 LEFT JOIN (SELECT seq, pruned FROM webhook_logs WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1) last
                 RETURNING IIF(due_at IS NULL OR waits_for IS NOT NULL, NULL, id)",
                self.endpoints()
            ),
            args,
        )
    }
}
