//! Applications: who may ask sellers to let them in. The operator registers them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    App, Outcome, Scopes, memory,
    token::{self, Kind},
};
use crate::{
    platform::{Fault, Row},
    shop::{Refusal, list, prepared::Prepared},
};

pub mod sql;

/// What OAuth calls a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The `client_id`.
    pub id: String,
    pub name: String,
    /// Its own pages.
    pub site: String,
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for.
    pub scopes: Scopes,
    /// It runs on a server and keeps a secret.
    pub confidential: bool,
    pub require_pkce: bool,
    /// Of the secret, if it has one.
    pub secret_hash: Option<String>,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Who a client says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: String,
    pub secret: Option<String>,
}

impl Claim {
    /// The application of this row, if it is enabled and this is its secret, or it has none and none was sent.
    pub fn prove(&self, row: Option<&Row>) -> Result<Option<Application>, Fault> {
        let application = row.map(sql::read).transpose()?.filter(Application::is_enabled);
        Ok(application.filter(|it| match (&it.secret_hash, &self.secret) {
            (Some(hash), Some(secret)) => token::is_hash(hash, secret),
            (None, None) => true,
            _ => false,
        }))
    }
}

/// The application that says it is this one, if it is.
pub async fn authenticate(app: &App, claim: &Claim) -> Outcome<Option<Application>> {
    let row = app.platform.databases.directory().row(sql::one(&claim.id)).await?;
    Ok(claim.prove(row.as_ref())?)
}

impl Application {
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// What the operator says of a new one.
pub struct Registration {
    pub name: String,
    pub site: String,
    pub redirect_uris: Vec<String>,
    pub scopes: Scopes,
    pub confidential: bool,
    pub require_pkce: bool,
}

/// What is shown once.
pub struct Registered {
    pub application: Application,
    pub secret: Option<String>,
}

pub fn register(app: &App, new: Registration) -> Prepared<Registered> {
    let now = app.now();
    let secret = new.confidential.then(|| token::generate(app, Kind::ClientSecret));
    let application = Application {
        id: format!("pg_app_{}", URL_SAFE_NO_PAD.encode(app.random::<12>())),
        name: new.name,
        site: new.site,
        redirect_uris: new.redirect_uris,
        scopes: new.scopes,
        confidential: new.confidential,
        require_pkce: new.require_pkce,
        secret_hash: secret.as_deref().map(token::hash),
        disabled_at: None,
        created_at: now,
        updated_at: now,
    };
    let insert = sql::insert(&application);
    Prepared::new(app.platform.databases.directory(), Registered { application, secret }, vec![insert])
}

/// All of them, the newest first.
pub async fn list(app: &App) -> Outcome<Vec<Application>> {
    let [rows] = app.platform.databases.directory().batch([sql::all()]).await?;
    Ok(rows.iter().map(sql::read).collect::<Result<_, _>>()?)
}

/// Also one that is disabled.
pub async fn get(app: &App, id: &str) -> Outcome<Application> {
    let row = app.platform.databases.directory().row(sql::one(id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::read(&row)?)
}

/// While it is disabled its tokens do nothing, and no seller can consent to it.
pub async fn set_disabled(app: &App, id: &str, disabled: bool) -> Outcome<Application> {
    let before = get(app, id).await?;
    let now = list::moved(app.now(), before.updated_at);
    let change = sql::disable(id, disabled.then_some(now), now);
    let rows = app.platform.databases.directory().commit(vec![change]).await?;
    memory::forget_application(app, id);
    let row = rows.first().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    Ok(sql::read(row)?)
}

/// It is gone for good, and with it all that sellers let it do.
pub async fn destroy(app: &App, id: &str) -> Outcome<()> {
    let rows = app.platform.databases.directory().commit(vec![sql::delete(id, app.now())]).await?;
    memory::forget_application(app, id);
    match rows.first().is_some_and(|rows| !rows.is_empty()) {
        true => Ok(()),
        false => Err(Refusal::NotFound.into()),
    }
}
