//! What a seller can set: their shop's name, contact and policy, wallets, and their accounts at gateways.

use super::{
    App, Error, Outcome, Refusal,
    account::{self, Account, contact::Contact, policy::Policy, secret::Secrets},
    error::{AccountRefusal, GatewayRefusal},
    fraud::{Signal, Weights},
    gateway::{
        Gateway,
        settings::{self, Set},
        wallet::{self, Wallet, WalletChange},
    },
    prepared::Prepared,
    upload::{self, Upload},
    webhook::{Event, unread},
};
use crate::platform::{CommitError, Fault, Statement};

pub mod appearance;
pub mod color;
pub mod event;
pub mod logo;
mod sql;

pub use appearance::Appearance;
pub use event::{KeyReplaced, Updated};

/// The settings of an account. Secrets and xpubs are whole here; a dialect masks them.
pub struct Profile {
    pub email: String,
    pub shop_name: String,
    pub contact: Contact,
    pub appearance: Appearance,
    pub logo: Option<Upload>,
    pub test: bool,
    pub webhook_secrets: Secrets,
    /// When the webhook secret was last replaced.
    pub webhook_secret_rotated_at: Option<i64>,
    pub wallets: Vec<Wallet>,
    pub settings: Vec<Set>,
    pub policy: Policy,
    pub risk_weights: Weights,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What PUT /account may change; `None` leaves it as it is.
#[derive(Default)]
pub struct Change {
    pub shop_name: Option<String>,
    /// `Some(None)` takes the address away.
    pub contact_email: Option<Option<String>>,
    pub contact_url: Option<Option<String>>,
    pub appearance: appearance::Changes,
    /// `None` takes the gateway's wallet away.
    pub wallets: Vec<(Gateway, Option<WalletChange>)>,
    pub settings: Vec<settings::Change>,
    /// Numbers of the policy, in the order of its columns.
    pub policy: [Option<u32>; 4],
    /// Those that change.
    pub risk_weights: Vec<(Signal, u32)>,
}

pub async fn profile(app: &App, account: &Account) -> Outcome<Profile> {
    let statements =
        [sql::shop(account.id), wallet::active(account.id), settings::all(account.id), logo::of(account.id)];
    let [shop_rows, wallet_rows, settings_rows, logos] = account.db(app)?.batch(statements).await?;
    let row = shop_rows.first().ok_or_else(|| Fault("an account has no shop row".into()))?;
    let mut profile = sql::profile(row, |sealed| sealed.open(app, account.id, app.now()))?;
    profile.logo = logo::read(&logos)?;
    for row in &wallet_rows {
        profile.wallets.push(wallet::from_row(app, account, row)?);
    }
    for row in &settings_rows {
        profile.settings.extend(settings::from_row(app, account.id, row)?);
    }
    Ok(profile)
}

/// Changes what is given and answers the whole.
pub async fn update(app: &App, account: &Account, change: Change) -> Outcome<Profile> {
    let now = app.now();
    let taken = || {
        let wallets = change.wallets.iter().filter_map(|(gateway, wallet)| {
            let what = if wallet.as_ref()?.source.is_single() { "address" } else { "xpub" };
            Some([gateway.slug(), what].join(" "))
        });
        Refusal::Gateway(GatewayRefusal::WalletTaken(wallets.collect::<Vec<_>>().join(" or ")))
    };
    let next_indexes = wallet::elsewhere(app, account, &change.wallets).await?.ok_or_else(taken)?;
    let mut statements = Vec::new();
    for ((gateway, wallet), next_index) in change.wallets.iter().zip(next_indexes) {
        statements.extend(wallet::set(app, account, *gateway, wallet.as_ref(), next_index, now)?);
    }
    for setting in &change.settings {
        statements.push(settings::write(app, account.id, setting)?);
    }
    let html = match &change.appearance.description {
        Some(markdown) => upload::rendered(app, account, markdown).await?,
        None => String::new(),
    };
    let looks = change.appearance.in_shard(account.id, &html);
    let contact = change.contact_email.is_some() || change.contact_url.is_some();
    let weights = !change.risk_weights.is_empty();
    if change.shop_name.is_some()
        || contact
        || weights
        || change.policy != [None; 4]
        || looks.is_some()
        || !statements.is_empty()
    {
        statements.push(sql::touch(account.id, &change, now));
    }
    statements.extend(looks);
    if let Some(in_directory) = change.appearance.in_directory(account.id, now) {
        if app.platform.databases.shards().first() == Some(&account.shard) {
            statements.push(in_directory);
        } else {
            // The directory first: what it refuses must not stand anywhere.
            app.platform.databases.directory().commit(vec![in_directory]).await.map_err(slug_taken)?;
        }
    }
    match commit(app, account, &change, statements).await? {
        Ok(_) => {
            let looks = &change.appearance;
            if change.shop_name.is_some()
                || looks.language.is_some()
                || looks.currency.is_some()
                || looks.accent_color.is_some()
            {
                account::refresh(app, account).await?;
            }
            profile(app, account).await
        }
        Err(no) if no.is_taken("wallets", "identity") => Err(taken().into()),
        Err(no) => Err(slug_taken(no)),
    }
}

/// Commits a change of the settings. Who wants to know of it wants to know the whole, which most accounts need not read first.
async fn commit(
    app: &App,
    account: &Account,
    change: &Change,
    mut statements: Vec<Statement>,
) -> Outcome<Result<(), CommitError>> {
    let db = account.db(app)?;
    if !Updated::is_told(change) {
        return Ok(db.commit(statements).await.map(|_| ()));
    }
    let mut alone = vec![unread::nobody(account.id, Event::AccountUpdated)];
    alone.extend(statements.iter().cloned());
    match db.commit(alone).await {
        Err(no) if no.is_stale() => {}
        done => return Ok(done.map(|_| ())),
    }
    let updated = Updated::of(account.id, profile(app, account).await?, change, app.now());
    let owed = unread::owe(app, account.id, Event::AccountUpdated, &updated)?;
    let before = statements.len();
    statements.extend(owed);
    match db.commit(statements).await {
        Ok(mut rows) => {
            app.enqueue(unread::nudges(account, &rows.split_off(before.min(rows.len())))?).await;
            Ok(Ok(()))
        }
        Err(no) => Ok(Err(no)),
    }
}

/// A new API key. Whoever registered endpoints with the old one is told in the same commit; where the account's database isn't the
/// directory's, right before it: who is told in vain asks once more, and who isn't told goes on with a dead key. `keep`: the old
/// key may ask for a lost answer once more.
pub async fn replace_key(app: &App, account: &Account, keep: bool) -> Outcome<Prepared<String>> {
    let prepared = account::replace_key(app, account, keep).await?;
    let owed = unread::owe(app, account.id, Event::KeyReplaced, &KeyReplaced::of(account.id))?;
    if app.platform.databases.shards().first() == Some(&account.shard) {
        return Ok(unread::with(prepared, account, owed));
    }
    let rows = account.db(app)?.commit(owed).await?;
    app.enqueue(unread::nudges(account, &rows)?).await;
    Ok(prepared)
}

fn slug_taken(no: CommitError) -> Error {
    if no.is_taken("accounts", "slug") { AccountRefusal::SlugTaken.into() } else { no.into() }
}
