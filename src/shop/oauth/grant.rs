//! Grants: what sellers let applications do, with the tokens for it.

use super::{
    App, Application, Issued, NotIssued, Outcome, Scopes,
    application::{self, Claim},
    memory, no_row,
    token::{self, Kind, Refresh},
};
use crate::shop::{
    Refusal,
    account::Account,
    id,
    list::Page,
    time::{DAY, HOUR, SECOND},
};

mod ending;
pub mod sql;

pub use ending::{Disconnected, Reason, end_for, tell};

/// Milliseconds of an access token.
const ACCESS_TTL: i64 = HOUR;
/// Milliseconds that a grant lives unused, from its last refresh token on.
pub const TTL: i64 = 90 * DAY;
/// Milliseconds for which the refresh token before the present one is answered with the present one: programs of several parts
/// refresh at the same time, and answers get lost. Whoever stole it is found out one refresh later.
pub const GRACE: i64 = 10 * SECOND;
/// Of more grants of one account to one application the oldest ends.
pub const MAX: u32 = 50;
/// Access tokens of a grant: with each new one the oldest go.
pub const MAX_TOKENS: i64 = 5;

/// What a seller sees of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: String,
    pub app_id: String,
    pub app_name: String,
    pub app_site: String,
    pub scopes: Scopes,
    pub created_at: i64,
    /// When its application got the tokens that it has.
    pub refreshed_at: i64,
    pub expires_at: i64,
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Grant>> {
    let statements = sql::page(account.id, app.now(), page, per_page);
    let rows = app.platform.databases.directory().batch(statements).await?;
    Ok(crate::shop::list::read(rows, sql::read)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Grant> {
    let look = sql::one(account.id, id, app.now());
    let row = app.platform.databases.directory().row(look).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::read(&row)?)
}

/// The seller has had enough of it.
pub async fn revoke(app: &App, account: &Account, id: &str) -> Outcome<()> {
    match end_for(app, account.id, id, Reason::Revoked).await? {
        true => Ok(()),
        false => Err(Refusal::NotFound.into()),
    }
}

/// A grant that has ended.
pub struct Ended {
    pub id: String,
    pub account_id: i64,
    pub shard: String,
    pub app_id: String,
    /// It was the account's last one for this application, which is to be told.
    pub untold: bool,
}

/// A grant that can be made.
pub struct New {
    pub id: String,
    pub account_id: i64,
    pub app_id: String,
    pub scopes: Scopes,
    pub family_hash: String,
    pub refresh_hash: String,
    pub expires_at: i64,
    pub token: NewToken,
}

/// An access token that can be made.
pub struct NewToken {
    pub hash: String,
    pub scopes: Scopes,
    pub expires_at: i64,
}

/// A new grant, and what its application is given.
pub fn new(app: &App, account_id: i64, app_id: &str, scopes: Scopes) -> (New, Issued) {
    let refresh = Refresh::first(app);
    let (token, issued) = issue(app, &refresh, scopes);
    let new = New {
        id: id::uuid(app.random()),
        account_id,
        app_id: app_id.to_owned(),
        scopes,
        family_hash: refresh.family_hash(),
        refresh_hash: refresh.hash(),
        expires_at: app.now() + TTL,
        token,
    };
    (new, issued)
}

fn issue(app: &App, refresh: &Refresh, scopes: Scopes) -> (NewToken, Issued) {
    let access_token = token::generate(app, Kind::Access);
    let token = NewToken { hash: token::hash(&access_token), scopes, expires_at: app.now() + ACCESS_TTL };
    let refresh_token = refresh.to_text();
    (token, Issued { access_token, refresh_token, scopes, expires_in: ACCESS_TTL / SECOND })
}

/// A grant as its refresh token finds it.
pub struct Family {
    pub id: String,
    pub account_id: i64,
    pub app_id: String,
    pub scopes: Scopes,
    pub refresh_hash: String,
    pub previous_hash: Option<String>,
    pub salt: Option<String>,
    pub rotated_at: Option<i64>,
    pub generation: i64,
    pub expires_at: i64,
    pub created_at: i64,
    /// Whether its account may come in.
    pub enabled: bool,
}

/// What a refresh token is to its grant.
enum Standing {
    /// The one that is good.
    Present,
    /// The one before, used a moment ago: this one follows it.
    JustUsed(Refresh),
    Used,
}

fn standing(family: &Family, refresh: &Refresh, now: i64) -> Standing {
    let hash = refresh.hash();
    if hash == family.refresh_hash {
        return Standing::Present;
    }
    let recent = family.rotated_at.is_some_and(|at| now - at < GRACE);
    let next = || refresh.next(&id::unhex(family.salt.as_deref()?)?);
    match next()
        .filter(|next| recent && family.previous_hash.as_ref() == Some(&hash) && next.hash() == family.refresh_hash)
    {
        Some(next) => Standing::JustUsed(next),
        None => Standing::Used,
    }
}

/// Of two that refresh at the same time one is first. The other one finds what it did, and that again is overtaken only by
/// another refresh.
const MAX_ATTEMPTS: usize = 4;

/// Tokens for a refresh token. One that was used ends its grant.
pub async fn refresh(
    app: &App,
    claim: &Claim,
    sent: &str,
    scopes: Option<Scopes>,
) -> Outcome<Result<Issued, NotIssued>> {
    let (db, refresh) = (app.platform.databases.directory(), Refresh::parse(sent));
    // What can't be a refresh token is looked for all the same: that takes as long.
    let hash = refresh.as_ref().map(Refresh::family_hash).unwrap_or_default();
    let [clients, families] = db.batch([application::sql::one(&claim.id), sql::family(&hash)]).await?;
    let Some(client) = claim.prove(clients.first())? else { return Ok(Err(NotIssued::UnknownClient)) };
    let Some(refresh) = refresh else { return Ok(Err(NotIssued::InvalidGrant)) };
    let mut row = families.into_iter().next();
    for _ in 0..MAX_ATTEMPTS {
        let now = app.now();
        let family = row.as_ref().map(sql::read_family).transpose()?;
        let alive = family.filter(|it| it.app_id == client.id && it.expires_at > now && it.enabled);
        let Some(family) = alive else { return Ok(Err(NotIssued::InvalidGrant)) };
        let next = match standing(&family, &refresh, now) {
            Standing::Used => {
                end_for(app, family.account_id, &family.id, Reason::TokenReused).await?;
                return Ok(Err(NotIssued::InvalidGrant));
            }
            Standing::JustUsed(next) => Next { refresh: next, salt: None },
            Standing::Present => {
                let salt: [u8; 32] = app.random();
                let next = refresh.next(&salt).ok_or_else(|| no_row("a key of HMAC"))?;
                Next { refresh: next, salt: Some(id::hex(&salt)) }
            }
        };
        let Some(scopes) = granted(&family, scopes) else { return Ok(Err(NotIssued::InvalidScope)) };
        let (token, issued) = issue(app, &next.refresh, scopes);
        let rotated = next.salt.as_deref().map(|salt| (next.refresh.hash(), salt));
        let rotated = rotated.as_ref().map(|(hash, salt)| (hash.as_str(), *salt));
        match db.commit(sql::refresh(&family, rotated, &token, now)).await {
            Ok(_) => return Ok(Ok(issued)),
            Err(no) if no.is_stale() => row = db.row(sql::family(&hash)).await?,
            Err(no) => return Err(no.into()),
        }
    }
    Err(no_row("a grant that is refreshed all the time").into())
}

/// What follows a refresh token; with a salt it is new.
struct Next {
    refresh: Refresh,
    salt: Option<String>,
}

/// All that was granted, or the part that was asked for.
fn granted(family: &Family, asked: Option<Scopes>) -> Option<Scopes> {
    match asked {
        None => Some(family.scopes),
        Some(asked) => (asked.are_within(family.scopes) && !asked.is_empty()).then_some(asked),
    }
}

/// What a client may know of a token of its own (RFC 7662).
pub struct Introspected {
    pub scopes: Scopes,
    pub account_id: i64,
    pub expires_at: i64,
    pub created_at: i64,
    pub is_access: bool,
}

/// `None`: the token is of no use, or of another client.
pub async fn introspect(app: &App, client: &Application, token: &str) -> Outcome<Option<Introspected>> {
    let (now, db) = (app.now(), app.platform.databases.directory());
    if token::is_shaped(Kind::Access, token) {
        let row = db.row(sql::own_token(&client.id, &token::hash(token), now)).await?;
        return Ok(row.as_ref().map(sql::read_own_token).transpose()?);
    }
    let Some(refresh) = Refresh::parse(token) else { return Ok(None) };
    let row = db.row(sql::family(&refresh.family_hash())).await?;
    let family = row.as_ref().map(sql::read_family).transpose()?;
    let alive =
        |it: &Family| it.app_id == client.id && it.expires_at > now && it.enabled && it.refresh_hash == refresh.hash();
    Ok(family.filter(alive).map(|family| Introspected {
        scopes: family.scopes,
        account_id: family.account_id,
        expires_at: family.expires_at,
        created_at: family.rotated_at.unwrap_or(family.created_at),
        is_access: false,
    }))
}

/// A client gives a token back (RFC 7009): an access token goes alone, a refresh token with its grant, also one that was used.
/// Of what isn't the client's nothing happens.
pub async fn give_back(app: &App, client: &Application, token: &str) -> Outcome<()> {
    let db = app.platform.databases.directory();
    if token::is_shaped(Kind::Access, token) {
        let hash = token::hash(token);
        let rows = db.commit(vec![sql::delete_own_token(&client.id, &hash)]).await?;
        if let Some(row) = rows.first().and_then(|rows| rows.first()) {
            memory::forget_grant(app, &row.text()?);
        }
        return Ok(());
    }
    let Some(refresh) = Refresh::parse(token) else { return Ok(()) };
    let row = db.row(sql::family(&refresh.family_hash())).await?;
    let family = row.as_ref().map(sql::read_family).transpose()?;
    if let Some(family) = family.filter(|family| family.app_id == client.id) {
        end_for(app, family.account_id, &family.id, Reason::Revoked).await?;
    }
    Ok(())
}
