//! Mails: each is read, written and sent by a message of the queue. The row of a mail (`mail`) says
//! what it is about; what it says is read when it is sent. A service that is down loses none: the
//! next tries follow the schedule of webhooks. However often a mail is sent, its `Idempotency-Key`
//! is the same.

use super::{
    App,
    account::Account,
    job::Job,
    mail::{Fact, PICKUP_DELAY},
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
/// A dispute is decided by then, in milliseconds: banks and card networks take four months at most.
const DISPUTE: i64 = 180 * DAY;
/// Tries that may die without a word: twice as many as the schedule has.
const MAX_TRIES: u32 = 22;

/// Sends the mail, if it is still owed and its time has come.
pub async fn run(app: &App, account: &Account, id: &str) -> Result<(), Fault> {
    let db = account.db(app)?;
    let commit = async |statements| db.commit(statements).await.map_err(CommitError::into_fault);
    let (Some(settings), Some(fact)) = (&app.platform.settings.email, Fact::parse(id)) else {
        // E-mail was turned off meanwhile.
        commit(vec![sql::give_up(account.id, id, "off")]).await?;
        return Ok(());
    };
    let now = app.now();
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
        app.platform.log.write(line(LogLine::error("mail.given_up")).because(&word));
        commit(vec![sql::give_up(account.id, id, &word)]).await?;
        return Ok(());
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
