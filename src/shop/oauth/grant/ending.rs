//! The end of a grant. Its tokens are dead by one commit in the directory. What that owes, the event for the application's webhooks and
//! their end, stands in the account's database: it is done right after, and by cron where that failed.

use super::{App, Ended, Outcome, memory, sql};
use crate::{
    platform::{Fault, LogLine},
    shop::{
        account::Account,
        catalog, script,
        time::MINUTE,
        webhook::{self, Audience, Event, Subject, unread},
    },
};

/// Why a grant ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The seller or the application took it back.
    Revoked,
    /// A refresh token came a second time.
    TokenReused,
    CodeReused,
}

/// An application can do nothing for an account any more: what `app:disconnected` is about.
pub struct Disconnected {
    /// The grant that ended.
    pub grant_id: String,
    pub app_id: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

impl Subject for Disconnected {
    fn id(&self) -> &str {
        &self.grant_id
    }

    fn audience(&self) -> Audience<'_> {
        Audience::OfApp(&self.app_id)
    }
}

/// Milliseconds after which cron tells what wasn't told.
const RETRY: i64 = MINUTE;

/// Ends a grant: its tokens are dead. Answers whether it was alive.
pub async fn end_for(app: &App, account_id: i64, id: &str, reason: Reason) -> Outcome<bool> {
    let now = app.now();
    let rows = app.platform.databases.directory().commit(vec![sql::end(account_id, id, now, now + RETRY)]).await?;
    memory::forget_grant(app, id);
    let Some(row) = rows.first().and_then(|rows| rows.first()) else { return Ok(false) };
    let why = match reason {
        Reason::Revoked => None,
        Reason::TokenReused => Some("a refresh token was used twice"),
        Reason::CodeReused => Some("a code was used twice"),
    };
    if let Some(why) = why {
        app.platform.log.write(LogLine::warn("oauth.grant_ended").account(account_id).with("grant", id).because(why));
    }
    // The grant has ended, whatever becomes of this.
    let ended = sql::read_ended(row)?;
    if let Err(fault) = tell(app, &ended).await {
        app.platform.log.write(LogLine::warn("oauth.end_untold").account(account_id).with("grant", id).because(fault));
    }
    Ok(true)
}

/// Owes the application's webhooks the news, and from then on nothing else; its scripts go.
pub async fn tell(app: &App, ended: &Ended) -> Result<(), Fault> {
    let Ended { id, account_id, shard, app_id, untold } = ended;
    if !untold {
        return Ok(());
    }
    let (now, account) = (app.now(), Account::acting(*account_id, shard, false));
    let news = Disconnected { grant_id: id.clone(), app_id: app_id.clone(), at: now };
    let mut statements = unread::owe(app, *account_id, Event::AppDisconnected, &news)?;
    let owed = statements.len();
    statements.push(webhook::sql::silence(*account_id, app_id, Event::AppDisconnected, now));
    statements.push(script::sql::leave(*account_id, app_id));
    let told = sql::told(*account_id, id, now);
    let is_here = app.platform.databases.shards().first().is_some_and(|directory| directory == shard);
    let after = if is_here {
        statements.push(told);
        None
    } else {
        Some(told)
    };
    let mut answers = account.db(app)?.commit(statements).await.map_err(|no| no.into_fault())?;
    answers.truncate(owed);
    app.enqueue(unread::nudges(&account, &answers)?).await;
    // Its scripts run on the shop's pages no more.
    catalog::forget(app, *account_id);
    if let Some(told) = after {
        app.platform.databases.directory().commit(vec![told]).await.map_err(|no| no.into_fault())?;
    }
    Ok(())
}
