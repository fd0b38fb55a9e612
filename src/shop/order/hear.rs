//! Notices: what gateways send us. A notice is kept as it came and answered; then it is heard, out of a queue, as often as
//! that takes. Hearing it twice changes nothing.

use super::watch;
use crate::{
    json::{self, Value},
    shop::{
        Error, Outcome, Refusal, Shop,
        account::Account,
        gateway::{Admitted, Desk, Gateway, Heard, NoSight, NotAdmitted, Notice, Seen, settings},
        job::Job,
        time::{DAY, HOUR, MINUTE},
    },
    world::{Fault, LogLine, Row, Statement, Uncommitted},
};

/// A notice that was kept is heard at once, by its nudge; when that is lost, cron takes it up after this time.
const GRACE: i64 = MINUTE;
/// What can't be heard for so long is left.
const PATIENCE: i64 = 7 * DAY;
/// Heard ones are kept for so long, to know them again: gateways repeat theirs for up to four days.
const KEPT: i64 = 30 * DAY;

/// Keeps what was sent to `/gateways/<gateway>/<account>`. The inner error says why it was not kept.
pub async fn receive(
    shop: &Shop,
    account: &Account,
    gateway: Gateway,
    notice: Notice,
) -> Outcome<Result<(), NotAdmitted>> {
    let db = account.db(shop)?;
    let rows = db.rows(vec![settings::of(account.id, gateway.snake())]).await?;
    let settings = settings::read(shop, account.id, rows.first().map_or(&[], Vec::as_slice))?;
    if settings.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    let admitted = match gateway.of(account).admit(Desk { shop, account }, &settings, &notice) {
        Ok(admitted) => admitted,
        Err(no) => return Ok(Err(no)),
    };
    let kept = db.commit(vec![keep(account.id, gateway, &admitted, &notice)]).await.map_err(Uncommitted::into_fault)?;
    if kept.first().is_some_and(|rows| !rows.is_empty()) {
        let (shard, gateway, id) = (account.shard.clone(), gateway.snake().to_owned(), admitted.id);
        shop.nudge(vec![(Job::Hear { shard, account_id: account.id, gateway, id }, 0)]).await;
    }
    Ok(Ok(()))
}

/// Answers a row if it is new, and about an order of the account's.
fn keep(account_id: i64, gateway: Gateway, admitted: &Admitted, notice: &Notice) -> Statement {
    let headers = notice.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    Statement::new(
        "INSERT INTO notices (account_id, gateway, id, body, headers, due_at, received_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE ?8 IS NULL OR EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?8)
         ON CONFLICT (account_id, gateway, id) DO NOTHING RETURNING id",
        vec![
            account_id.into(),
            gateway.snake().into(),
            (&admitted.id).into(),
            (&notice.body).into(),
            Value::Object(headers).to_text().into(),
            (notice.received_at + GRACE).into(),
            notice.received_at.into(),
            admitted.order_id.clone().into(),
        ],
    )
}

/// Hears a kept notice, unless it was heard already.
pub async fn hear(shop: &Shop, account: &Account, gateway: &str, id: &str) -> Result<(), Fault> {
    let Some(gateway) = Gateway::parse(gateway) else { return Ok(()) };
    let db = account.db(shop)?;
    let rows = db.rows(vec![by_id(account.id, gateway, id), settings::of(account.id, gateway.snake())]).await?;
    let [notices, settings] = rows.as_slice() else {
        return Err(Fault("two answers were expected".into()));
    };
    let Some(row) = notices.first() else { return Ok(()) };
    let (notice, tries, test) = from_row(row)?;
    let account = &Account::acting(account.id, &account.shard, test);
    let settings = settings::read(shop, account.id, settings)?;
    let heard = gateway.of(account).hear(Desk { shop, account }, &settings, &notice).await;
    let done = finish(account.id, gateway, id, tries, None);
    match heard {
        Ok(Heard::Facts { order_id, movements }) => {
            let seen = Some(Seen::Books(gateway, movements));
            match watch::take_in(shop, account, &order_id, None, seen, vec![done.clone()]).await {
                Ok(_) => Ok(()),
                // Somebody else's payment: a seller's account at a gateway may take others.
                Err(Error::Refused(_)) => end(shop, account, done).await,
                Err(Error::Fault(fault)) => Err(fault),
            }
        }
        Ok(Heard::Nothing) => end(shop, account, done).await,
        Err(NoSight::Fault(fault)) => Err(fault),
        Err(NoSight::Unreachable(why)) => {
            let now = shop.now();
            let line = |event| LogLine::warn(event).account(account.id).with("gateway", gateway.snake()).with("id", id);
            shop.world.log.write(line("notification.process_failed").because(why));
            // One minute, two, four, …, six hours.
            let wait = MINUTE.saturating_mul(1 << tries.min(9)).min(6 * HOUR);
            let due = Some(now + wait).filter(|due| *due < notice.received_at + PATIENCE);
            if due.is_none() {
                shop.world.log.write(line("notification.given_up"));
            }
            end(shop, account, finish(account.id, gateway, id, tries + 1, due)).await
        }
    }
}

async fn end(shop: &Shop, account: &Account, statement: Statement) -> Result<(), Fault> {
    account.db(shop)?.commit(vec![statement]).await.map_err(Uncommitted::into_fault)?;
    Ok(())
}

/// One that is still to be heard, and whether its account is a test account.
fn by_id(account_id: i64, gateway: Gateway, id: &str) -> Statement {
    Statement::new(
        "SELECT body, headers, received_at, tries, (SELECT test FROM shops WHERE account_id = ?1) AS test FROM notices
         WHERE account_id = ?1 AND gateway = ?2 AND id = ?3 AND due_at IS NOT NULL",
        vec![account_id.into(), gateway.snake().into(), id.into()],
    )
}

fn from_row(row: &Row) -> Result<(Notice, u32, bool), Fault> {
    row.read(|row| {
        let (body, headers) = (row.text(), row.text());
        let headers = json::parse(&headers).ok();
        let headers = headers.as_ref().and_then(Value::as_object).unwrap_or_default().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        Ok((Notice { body, headers, received_at: row.int() }, row.count(), row.flag()))
    })
}

/// `due`: when it is tried again.
fn finish(account_id: i64, gateway: Gateway, id: &str, tries: u32, due: Option<i64>) -> Statement {
    Statement::new(
        "UPDATE notices SET tries = ?4, due_at = ?5 WHERE account_id = ?1 AND gateway = ?2 AND id = ?3",
        vec![account_id.into(), gateway.snake().into(), id.into(), tries.into(), due.into()],
    )
}

/// Cron's sweep: what was not heard is taken up, and not again before `until`.
pub fn take_due(now: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "UPDATE notices SET due_at = ?2
         WHERE rowid IN (SELECT rowid FROM notices WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3)
         RETURNING account_id, gateway, id",
        vec![now.into(), until.into(), limit.into()],
    )
}

/// Cron's sweep: forgets so many old ones, and answers a row for each.
pub fn take_old(now: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM notices WHERE rowid IN
           (SELECT rowid FROM notices INDEXED BY notices_received
            WHERE received_at < ?1 AND due_at IS NULL ORDER BY received_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - KEPT).into(), limit.into()],
    )
}
