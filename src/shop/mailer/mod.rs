//! Mails: each is read, written and sent by a message of the queue. The row of a mail (`mail`) says
//! what it is about; what it says is read when it is sent. A service that is down loses none: the
//! next tries follow the schedule of webhooks. However often a mail is sent, its `Idempotency-Key`
//! is the same.

use super::{
    App,
    account::Account,
    job::Job,
    mail::{Fact, PICKUP_DELAY},
    order::history::{self, Action, Actor, Cause},
    time::{DAY, MINUTE, SECOND},
    webhook::retry_schedule::{self, MAX_DELAY, RETRY_DELAYS},
};
use crate::{
    platform::{CommitError, Fault, LogLine, first_answers},
    words::{self, Language},
};
use about::Told;
use service::NotSent;
use sql::Shop;

mod about;
mod letter;
mod line;
mod service;
pub mod sql;

/// A try that was begun is over by then, in milliseconds, or it has died.
const CLAIM: i64 = 2 * MINUTE;
/// While e-mail is off, in milliseconds: when a mail is looked at again, and when it is given up. Who
/// changes a service needs hours, and after days a mail only puzzles whom it reaches.
const WAIT_WHILE_OFF: i64 = 10 * MINUTE;
const MAX_OFF: i64 = 3 * DAY;
/// A dispute is decided by then, in milliseconds: banks and card networks take four months at most.
const DISPUTE: i64 = 180 * DAY;
/// Tries that may die without a word: twice as many as the schedule has.
const MAX_TRIES: u32 = 22;

/// Sends the mail, if it is still owed and its time has come.
pub async fn run(app: &App, account: &Account, id: &str) -> Result<(), Fault> {
    let db = account.db(app)?;
    let commit = async |statements| db.commit(statements).await.map_err(CommitError::into_fault);
    let Some(fact) = Fact::parse(id) else { return give_up(app, account, id, "unknown", 0).await };
    let now = app.now();
    let Some(settings) = &app.platform.settings.email else {
        // It was turned off meanwhile. Turned on again, it sends what is owed.
        let rows = first_answers(commit(vec![sql::set_aside(account.id, id, now, now + WAIT_WHILE_OFF)]).await?)?;
        let ([rows], _) = rows;
        let found = rows.first().map(|row| row.read(|row| Ok((row.int(), row.count())))).transpose()?;
        return match found {
            Some((since, tries)) if now >= since + MAX_OFF => give_up(app, account, id, "off", tries).await,
            _ => Ok(()),
        };
    };
    let mut statements = vec![sql::claim(account.id, id, now, now + CLAIM), sql::shop(account.id)];
    statements.extend(about::statements(account.id, &fact));
    let ([claimed, shops], rows) = first_answers(commit(statements).await?)?;
    let Some(tries) = claimed.first().map(|row| row.read(|row| Ok(row.count()))).transpose()? else { return Ok(()) };
    let shop = Shop::read(&shops)?;
    let words = words::of(&app.platform, shop.language.unwrap_or(Language::English)).await;
    let mail = match about::mail(app, account, words, &shop, &fact, &rows)? {
        Told::By(mail) => mail,
        Told::Nothing => {
            commit(vec![sql::done(account.id, id)]).await?;
            return Ok(());
        }
        Told::Later => {
            commit(vec![sql::wait(account.id, id, now + DISPUTE)]).await?;
            return Ok(());
        }
    };
    let line = |line: LogLine| line.account(account.id).with("mail", id).with("tries", i64::from(tries));
    let key = format!("{}/{id}", account.id);
    let sent = match tries {
        0..=MAX_TRIES => service::send(app, settings, &mail, &key).await,
        _ => Err(NotSent::because("unfinished")),
    };
    let NotSent { word, retry_after } = match sent {
        Ok(()) => {
            app.platform.log.write(line(LogLine::info("mail.sent")));
            commit(vec![sql::done(account.id, id)]).await?;
            return Ok(());
        }
        Err(no) => no,
    };
    let now = app.now();
    let step = usize::try_from(tries.saturating_sub(1)).ok().and_then(|n| RETRY_DELAYS.get(n));
    let Some(wait) = step.map(|step| retry_schedule::wait(app, *step, retry_after)) else {
        return give_up(app, account, id, &word, tries).await;
    };
    app.platform.log.write(line(LogLine::warn("mail.not_sent")).because(&word));
    // A queue delays no message for longer: then it is cron's.
    let by_message = wait <= MAX_DELAY;
    let due_at = now + wait + if by_message { PICKUP_DELAY } else { 0 };
    commit(vec![sql::put_off(account.id, id, tries, now + wait, due_at, &word)]).await?;
    if by_message {
        let seconds = u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(0);
        let job = Job::Mail { shard: account.shard.clone(), account_id: account.id, id: id.to_owned() };
        app.enqueue(vec![(job, seconds)]).await;
    }
    Ok(())
}

/// No more tries. The operator's log says so, and the history of the order that it was about.
async fn give_up(app: &App, account: &Account, id: &str, why: &str, tries: u32) -> Result<(), Fault> {
    let mut statements = Vec::new();
    if let Some(Fact::Paid { order_id } | Fact::Delivered { order_id, .. }) = Fact::parse(id) {
        let cause = Cause::of(Actor::System, Action::Mail).noting(format!("Not sent: {why}"));
        // Of two messages for one mail one gives it up.
        statements.push(history::note_if(account.id, &order_id, &cause, app.now(), sql::IS_OWED, id));
    }
    statements.push(sql::give_up(account.id, id, why));
    let rows = account.db(app)?.commit(statements).await.map_err(CommitError::into_fault)?;
    let given_up = rows.last().is_some_and(|rows| !rows.is_empty());
    if given_up {
        let line = LogLine::error("mail.given_up").account(account.id).with("mail", id).with("tries", i64::from(tries));
        app.platform.log.write(line.because(why));
    }
    Ok(())
}
