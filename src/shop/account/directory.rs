//! The directory as the operator sees it: who has an account, who is let in, and a new key for a seller who lost theirs.

use super::{Account, cached, email, replace_key, sql, with_shop_name};
use crate::{
    platform::{Fault, LogLine},
    shop::{Along, Outcome, Refusal, Shop},
};

/// An account without its secrets.
pub struct Listed {
    pub id: i64,
    pub email: String,
    /// `None` only where its database can't be asked.
    pub shop_name: Option<String>,
    pub test: bool,
    pub shard: String,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Those with an id above `after`, in the order of their ids.
pub async fn list(shop: &Shop, after: i64, most: u32) -> Outcome<Vec<Listed>> {
    let [rows] = shop.platform.databases.directory().batch([sql::list(after, most)]).await?;
    let mut all = rows.iter().map(sql::listed).collect::<Result<Vec<_>, _>>()?;
    name_shops(shop, &mut all).await?;
    Ok(all)
}

pub async fn by_email(shop: &Shop, address: &str) -> Outcome<Option<Listed>> {
    let [rows] = shop.platform.databases.directory().batch([sql::listed_by_email(&email::key(address))]).await?;
    let mut all = rows.iter().map(sql::listed).collect::<Result<Vec<_>, _>>()?;
    name_shops(shop, &mut all).await?;
    Ok(all.pop())
}

/// A disabled account's API is closed and its links start no payment. What was started goes on: buyers' money is followed, and
/// webhooks are delivered.
pub async fn set_disabled(shop: &Shop, id: i64, disabled: bool) -> Outcome<Listed> {
    let account = Account { disabled, ..whole(shop, id).await? };
    let now = shop.now();
    let [in_directory, in_shard] = sql::disable(id, disabled.then_some(now), now);
    let mut statements = vec![in_directory];
    cached::write_first(shop, &account).await?;
    let shards = shop.platform.databases.shards();
    if shards.first().is_some_and(|directory| *directory != account.shard) {
        account.db(shop)?.commit(vec![in_shard]).await?;
    } else {
        statements.push(in_shard);
    }
    statements.push(sql::listed_by_id(id));
    let rows = shop.platform.databases.directory().commit(statements).await?;
    let row = rows.last().and_then(|rows| rows.first()).ok_or_else(|| Fault("an account has gone".into()))?;
    Ok(Listed { shop_name: account.shop_name, ..sql::listed(row)? })
}

/// A new API key. The old one is dead at once, also for asking for a lost answer: somebody else may have it.
pub async fn new_key(shop: &Shop, id: i64, along: Along<'_, String>) -> Outcome<String> {
    let account = whole(shop, id).await?;
    replace_key(shop, &account, false, along).await
}

/// The names of shops stand in the accounts' own databases: one trip to each that the directory's isn't.
async fn name_shops(shop: &Shop, accounts: &mut [Listed]) -> Result<(), Fault> {
    let mut shards: Vec<String> =
        accounts.iter().filter(|it| it.shop_name.is_none()).map(|it| it.shard.clone()).collect();
    shards.sort_unstable();
    shards.dedup();
    for shard in shards {
        let ids = accounts.iter().filter(|it| it.shop_name.is_none() && it.shard == shard).map(|it| it.id);
        let names = sql::shop_names(&ids.collect::<Vec<_>>());
        let rows = match shop.platform.databases.shard(&shard) {
            Ok(db) => db.batch([names]).await,
            Err(fault) => Err(fault),
        };
        // One database that is away must not hide the others' accounts.
        let Ok([rows]) = rows.inspect_err(|fault| {
            shop.platform
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

async fn whole(shop: &Shop, id: i64) -> Outcome<Account> {
    let row = shop.platform.databases.directory().row(sql::whole(id)).await?.ok_or(Refusal::NotFound)?;
    Ok(with_shop_name(shop, sql::from_row(&row)?).await?)
}
