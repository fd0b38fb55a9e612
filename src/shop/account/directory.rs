//! The directory as the operator sees it: who has an account, who is let in, and a new key for a seller who lost theirs.

use super::{Account, cached, email, sql, with_shop};
use crate::{
    json,
    platform::{Fault, LogLine, Row, Statement},
    shop::{App, Outcome, Refusal},
};

/// An account without its secrets.
pub struct Listed {
    pub id: i64,
    pub email: String,
    /// `None` only where its database can't be asked.
    pub shop_name: Option<String>,
    pub test: bool,
    pub shard: String,
    /// Its shop's address, and whether the shop is shown there.
    pub slug: String,
    pub listed: bool,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Those with an id above `after`, in the order of their ids.
pub async fn list(app: &App, after: i64, most: u32) -> Outcome<Vec<Listed>> {
    let [rows] = app.platform.databases.directory().batch([listed_after(after, most)]).await?;
    let mut all = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    name_shops(app, &mut all).await?;
    Ok(all)
}

/// The oldest ones.
pub async fn first(app: &App, most: u32) -> Result<Vec<Listed>, Fault> {
    let [rows] = app.platform.databases.directory().batch([listed_after(0, most)]).await?;
    let mut all = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    name_shops(app, &mut all).await?;
    Ok(all)
}

pub async fn by_email(app: &App, address: &str) -> Outcome<Option<Listed>> {
    let [rows] = app.platform.databases.directory().batch([listed_by_email(&email::key(address))]).await?;
    let mut all = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    name_shops(app, &mut all).await?;
    Ok(all.pop())
}

/// A disabled account's API is closed and its links start no payment. What was started goes on: buyers' money is followed, and
/// webhooks are delivered.
pub async fn set_disabled(app: &App, id: i64, disabled: bool) -> Outcome<Listed> {
    let account = Account { disabled, ..whole(app, id).await? };
    let now = app.now();
    let [in_directory, in_shard] = disable(id, disabled.then_some(now), now);
    let mut statements = vec![in_directory];
    cached::write_first(app, &account).await?;
    let shards = app.platform.databases.shards();
    if shards.first().is_some_and(|directory| *directory != account.shard) {
        account.db(app)?.commit(vec![in_shard]).await?;
    } else {
        statements.push(in_shard);
    }
    statements.push(listed_by_id(id));
    let rows = app.platform.databases.directory().commit(statements).await?;
    let row = rows.last().and_then(|rows| rows.first()).ok_or_else(|| Fault("an account has gone".into()))?;
    Ok(Listed { shop_name: account.shop.map(|shop| shop.name), ..listed(row)? })
}

/// The names of shops stand in the accounts' own databases: one trip to each that the directory's isn't.
async fn name_shops(app: &App, accounts: &mut [Listed]) -> Result<(), Fault> {
    let mut shards: Vec<String> =
        accounts.iter().filter(|it| it.shop_name.is_none()).map(|it| it.shard.clone()).collect();
    shards.sort_unstable();
    shards.dedup();
    for shard in shards {
        let ids = accounts.iter().filter(|it| it.shop_name.is_none() && it.shard == shard).map(|it| it.id);
        let names = shop_names(&ids.collect::<Vec<_>>());
        let rows = match app.platform.databases.shard(&shard) {
            Ok(db) => db.batch([names]).await,
            Err(fault) => Err(fault),
        };
        // One database that is away must not hide the others' accounts.
        let Ok([rows]) = rows.inspect_err(|fault| {
            app.platform
                .log
                .write(LogLine::warn("accounts.shop_names_unread").with("shard", shard.as_str()).because(fault));
        }) else {
            continue;
        };
        for row in &rows {
            let (id, name) = row.read(|row| Ok((row.int(), row.text())))?;
            accounts.iter_mut().filter(|it| it.id == id).for_each(|it| it.shop_name = Some(name.clone()));
        }
    }
    Ok(())
}

/// An account that can act.
pub async fn whole(app: &App, id: i64) -> Outcome<Account> {
    let row = app.platform.databases.directory().row(sql::whole(id)).await?.ok_or(Refusal::NotFound)?;
    Ok(with_shop(app, sql::from_row(&row)?).await?)
}

fn shop_names(account_ids: &[i64]) -> Statement {
    Statement::new(
        "SELECT account_id, shop_name FROM shops WHERE account_id IN (SELECT value FROM json_each(?1))",
        vec![json::to_text(account_ids).into()],
    )
}

/// In the directory and in the account's own row.
fn disable(account_id: i64, disabled_at: Option<i64>, now: i64) -> [Statement; 2] {
    [
        "UPDATE accounts SET disabled_at = ?2, updated_at = ?3 WHERE id = ?1",
        "UPDATE shops SET disabled_at = ?2, updated_at = ?3 WHERE account_id = ?1",
    ]
    .map(|sql| Statement::new(sql, vec![account_id.into(), disabled_at.into(), now.into()]))
}

/// As the operator sees them, by id. The e-mail as it was typed stands where the account's settings do.
const LISTED: &str = "SELECT id, COALESCE((SELECT email FROM shops WHERE account_id = accounts.id), email) AS shown,
      (SELECT shop_name FROM shops WHERE account_id = accounts.id) AS shop_name,
      test, shard, slug, listed, disabled_at, created_at, updated_at FROM accounts";

fn listed_after(after: i64, most: u32) -> Statement {
    Statement::new(format!("{LISTED} WHERE id > ?1 ORDER BY id LIMIT ?2"), vec![after.into(), most.into()])
}

fn listed_by_email(email: &str) -> Statement {
    Statement::new(format!("{LISTED} WHERE email = ?1"), vec![email.into()])
}

fn listed_by_id(id: i64) -> Statement {
    Statement::new(format!("{LISTED} WHERE id = ?1"), vec![id.into()])
}

fn listed(row: &Row) -> Result<Listed, Fault> {
    row.read(|row| {
        Ok(Listed {
            id: row.int(),
            email: row.text(),
            shop_name: row.maybe_text(),
            test: row.flag(),
            shard: row.text(),
            slug: row.text(),
            listed: row.flag(),
            disabled_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}
