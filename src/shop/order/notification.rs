//! Notifications: what gateways send us. A notification is kept as it came and answered; then it is heard, out of a queue, as often as
//! that takes. Hearing it twice changes nothing.

use std::collections::BTreeMap;

use super::sync;
use crate::{
    json::{self, Pairs},
    platform::{CommitError, Fault, LogLine, Row, Statement},
    shop::{
        App, Error, Outcome, Refusal,
        account::Account,
        gateway::{
            Gateway, GatewayContext, GatewayNotification, Rejected, Resolved, SyncError, VerifiedNotification, settings,
        },
        job::Job,
        time::{DAY, HOUR, MINUTE},
    },
};

/// A notification that was kept is heard at once, by its nudge; when that is lost, cron takes it up after this time.
const PICKUP_DELAY: i64 = MINUTE;
/// What can't be heard for so long is left.
const GIVE_UP_AFTER: i64 = 7 * DAY;
/// Heard ones are kept for so long, to know them again: gateways repeat theirs for up to four days.
const RETENTION: i64 = 30 * DAY;
/// Notifications of an account that wait to be heard. At 32 kB each they are 6 MB; a busy shop hears that many in a minute.
const MAX_UNHEARD: u32 = 200;

/// Keeps what was sent to `/gateways/<gateway>/<account>`. The inner error says why it was not kept.
pub async fn receive(
    app: &App,
    account: &Account,
    gateway: Gateway,
    notification: GatewayNotification,
) -> Outcome<Result<(), Rejected>> {
    let db = account.db(app)?;
    let [settings] = db.batch([settings::of(account.id, gateway.slug())]).await?;
    let settings = settings::read(app, account.id, &settings)?;
    if settings.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    let admitted = match gateway.of(account).verify(GatewayContext { app, account }, &settings, &notification) {
        Ok(admitted) => admitted,
        Err(no) => return Ok(Err(no)),
    };
    let keep = [keep(account.id, gateway, &admitted, &notification), is_full(account.id)];
    let [kept, full] = db.commit_batch(keep).await.map_err(CommitError::into_fault)?;
    if kept.is_empty() && !full.is_empty() {
        return Ok(Err(Rejected::Full));
    }
    if !kept.is_empty() {
        let (shard, gateway, id) = (account.shard.clone(), gateway.slug().to_owned(), admitted.id);
        app.enqueue(vec![(Job::Process { shard, account_id: account.id, gateway, id }, 0)]).await;
    }
    Ok(Ok(()))
}

/// Answers a row if it is new, about an order or a payment of the account's, and there is room for it.
fn keep(
    account_id: i64,
    gateway: Gateway,
    admitted: &VerifiedNotification,
    notification: &GatewayNotification,
) -> Statement {
    Statement::new(
        "INSERT INTO notifications (account_id, gateway, id, body, headers, due_at, received_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE (?8 IS NULL OR EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?8))
           AND (?9 IS NULL OR EXISTS
             (SELECT 1 FROM movements INDEXED BY movements_about WHERE account_id = ?1 AND about = ?9))
           AND (SELECT COUNT(*) FROM (SELECT 1 FROM notifications INDEXED BY notifications_unheard
             WHERE account_id = ?1 AND due_at IS NOT NULL LIMIT ?10)) < ?10
         ON CONFLICT (account_id, gateway, id) DO NOTHING RETURNING id",
        vec![
            account_id.into(),
            gateway.slug().into(),
            (&admitted.id).into(),
            (&notification.body).into(),
            json::to_text(&Pairs(&notification.headers)).into(),
            (notification.received_at + PICKUP_DELAY).into(),
            notification.received_at.into(),
            admitted.order_id.clone().into(),
            admitted.payment.clone().into(),
            MAX_UNHEARD.into(),
        ],
    )
}

/// A row if the account has as many unheard notifications as it may.
fn is_full(account_id: i64) -> Statement {
    Statement::new(
        "SELECT 1 AS is_full FROM notifications INDEXED BY notifications_unheard
         WHERE account_id = ?1 AND due_at IS NOT NULL LIMIT 1 OFFSET ?2",
        vec![account_id.into(), (MAX_UNHEARD - 1).into()],
    )
}

/// Hears a kept notification, unless it was heard already.
pub async fn process(app: &App, account: &Account, gateway: &str, id: &str) -> Result<(), Fault> {
    let db = account.db(app)?;
    let claim = [
        unheard(account.id, gateway, id),
        claim(account.id, gateway, id, app.now()),
        clear(account.id, gateway, id),
        settings::of(account.id, gateway),
    ];
    let [notifications, claimed, _, settings] = db.commit_batch(claim).await.map_err(CommitError::into_fault)?;
    let (Some(row), Some(claimed)) = (notifications.first(), claimed.first()) else { return Ok(()) };
    let is_last = claimed.read(|row| Ok(row.maybe_int()))?.is_none();
    let result = match Gateway::parse(gateway) {
        Some(gateway) => try_once(app, account, gateway, id, row, &settings).await,
        None => Ok(Some("there is no such gateway any more".into())),
    };
    let why = match &result {
        Ok(None) => return Ok(()),
        Ok(Some(why)) => why.clone(),
        Err(fault) => fault.to_string(),
    };
    let line = |event| LogLine::warn(event).account(account.id).with("gateway", gateway).with("id", id);
    app.platform.log.write(line("notification.process_failed").because(why));
    if is_last {
        app.platform.log.write(line("notification.given_up"));
    }
    // Cron has its next try already: were the message repeated as well, a fault would use the tries up in minutes.
    Ok(())
}

/// Hears a notification that was claimed. Answers why that was not possible, if it was the gateway that could not be reached.
async fn try_once(
    app: &App,
    account: &Account,
    gateway: Gateway,
    id: &str,
    row: &Row,
    settings: &[Row],
) -> Result<Option<String>, Fault> {
    let (notification, test) = from_row(row)?;
    let account = &Account::acting(account.id, &account.shard, test);
    let settings = settings::read(app, account.id, settings)?;
    let done = finish(account.id, gateway, id);
    let adapter = gateway.of(account);
    let context = GatewayContext { app, account };
    let movements = async {
        let Some(Resolved { order_id, said }) = adapter.resolve(context, &settings, &notification).await? else {
            return Ok(None);
        };
        let order = match super::get(app, account, &order_id).await {
            Ok(order) if order.gateway == gateway && order.session.is_some() => order,
            // Somebody else's payment: a seller's account at a gateway may take others.
            Ok(_) | Err(Error::Refused(_)) => return Ok(None),
            Err(Error::Fault(fault)) => return Err(fault.into()),
        };
        let movements = adapter.process(context, &settings, &notification, said.as_deref(), order.target()).await?;
        Ok(Some((order_id, movements)).filter(|(_, movements)| !movements.is_empty()))
    };
    match movements.await {
        Ok(Some((order_id, movements))) => {
            match sync::apply_notification(app, account, &order_id, gateway, movements, done.clone()).await {
                Ok(()) => {}
                Err(Error::Refused(_)) => end(app, account, done).await?,
                Err(Error::Fault(fault)) => return Err(fault),
            }
        }
        Ok(None) => end(app, account, done).await?,
        Err(SyncError::Fault(fault)) => return Err(fault),
        Err(SyncError::Unreachable(why)) => return Ok(Some(why)),
    }
    Ok(None)
}

async fn end(app: &App, account: &Account, statement: Statement) -> Result<(), Fault> {
    account.db(app)?.commit(vec![statement]).await.map_err(CommitError::into_fault)?;
    Ok(())
}

/// What is to be heard, as it came.
fn unheard(account_id: i64, gateway: &str, id: &str) -> Statement {
    Statement::new(
        "SELECT body, headers, received_at, (SELECT test FROM shops WHERE account_id = ?1) AS test
         FROM notifications WHERE account_id = ?1 AND gateway = ?2 AND id = ?3 AND due_at IS NOT NULL",
        vec![account_id.into(), gateway.into(), id.into()],
    )
}

/// Takes one that is still to be heard, and counts the try before the work: whatever breaks during it, tries end. The next is
/// after one minute, two, four, …, six hours; the last has no next.
fn claim(account_id: i64, gateway: &str, id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE notifications SET
           tries = tries + 1,
           due_at = CASE WHEN ?4 + MIN(?5 << MIN(tries, 9), ?6) < received_at + ?7
             THEN ?4 + MIN(?5 << MIN(tries, 9), ?6) END
         WHERE account_id = ?1 AND gateway = ?2 AND id = ?3 AND due_at IS NOT NULL
         RETURNING due_at",
        vec![
            account_id.into(),
            gateway.into(),
            id.into(),
            now.into(),
            MINUTE.into(),
            (6 * HOUR).into(),
            GIVE_UP_AFTER.into(),
        ],
    )
}

/// Before the last try: what breaks in it leaves nothing of the notification but its id. That try has it in memory.
fn clear(account_id: i64, gateway: &str, id: &str) -> Statement {
    Statement::new(
        "UPDATE notifications SET body = '', headers = '{}'
         WHERE account_id = ?1 AND gateway = ?2 AND id = ?3 AND due_at IS NULL AND body <> ''",
        vec![account_id.into(), gateway.into(), id.into()],
    )
}

fn from_row(row: &Row) -> Result<(GatewayNotification, bool), Fault> {
    row.read(|row| {
        let (body, headers) = (row.text(), row.text());
        let headers: BTreeMap<String, String> = json::from_text(&headers).unwrap_or_default();
        let headers = headers.into_iter().collect();
        Ok((GatewayNotification { body, headers, received_at: row.int() }, row.flag()))
    })
}

/// It is heard. The id stays, so that a repetition is known.
fn finish(account_id: i64, gateway: Gateway, id: &str) -> Statement {
    Statement::new(
        "UPDATE notifications SET due_at = NULL, body = '', headers = '{}'
         WHERE account_id = ?1 AND gateway = ?2 AND id = ?3",
        vec![account_id.into(), gateway.slug().into(), id.into()],
    )
}

/// Cron's sweep: what was not heard is taken up, and not again before `until`.
pub fn take_due(now: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "UPDATE notifications SET due_at = ?2
         WHERE rowid IN
           (SELECT rowid FROM notifications INDEXED BY notifications_due WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3)
         RETURNING account_id, gateway, id",
        vec![now.into(), until.into(), limit.into()],
    )
}

/// Cron's sweep: forgets so many old ones, and answers a row for each.
pub fn take_old(now: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM notifications WHERE rowid IN
           (SELECT rowid FROM notifications INDEXED BY notifications_received
            WHERE received_at < ?1 AND due_at IS NULL ORDER BY received_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - RETENTION).into(), limit.into()],
    )
}
