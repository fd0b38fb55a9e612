//! The directory as the operator sees it: who has an account, who is let in, and a new key for a seller who lost theirs.

use super::{Account, cached, email, replace_key, sql, with_shop_name};
use crate::{
    shop::{Along, Outcome, Refusal, Shop},
    world::Fault,
};

/// An account without its secrets.
pub struct Listed {
    pub id: i64,
    pub email: String,
    /// Not known where the directory's database isn't the account's.
    pub shop_name: Option<String>,
    pub test: bool,
    pub shard: String,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Those with an id above `after`, in the order of their ids.
pub async fn list(shop: &Shop, after: i64, most: u32) -> Outcome<Vec<Listed>> {
    let rows = shop.world.databases.directory().rows(vec![sql::list(after, most)]).await?;
    Ok(rows.iter().flatten().map(sql::listed).collect::<Result<_, _>>()?)
}

pub async fn by_email(shop: &Shop, address: &str) -> Outcome<Option<Listed>> {
    let rows = shop.world.databases.directory().rows(vec![sql::listed_by_email(&email::key(address))]).await?;
    Ok(rows.iter().flatten().next().map(sql::listed).transpose()?)
}

/// A disabled account's API is closed and its links start no payment. What was started goes on: buyers' money is followed, and
/// webhooks are delivered.
pub async fn set_disabled(shop: &Shop, id: i64, disabled: bool) -> Outcome<Listed> {
    let account = Account { disabled, ..whole(shop, id).await? };
    let now = shop.now();
    let [in_directory, in_shard] = sql::disable(id, disabled.then_some(now), now);
    let mut statements = vec![in_directory];
    cached::write_first(shop, &account).await?;
    let shards = shop.world.databases.shards();
    if shards.first().is_some_and(|directory| *directory != account.shard) {
        account.db(shop)?.commit(vec![in_shard]).await?;
    } else {
        statements.push(in_shard);
    }
    statements.push(sql::listed_by_id(id));
    let rows = shop.world.databases.directory().commit(statements).await?;
    let row = rows.last().and_then(|rows| rows.first()).ok_or_else(|| Fault("an account has gone".into()))?;
    Ok(sql::listed(row)?)
}

/// A new API key. The old one is dead at once, also for asking for a lost answer: somebody else may have it.
pub async fn new_key(shop: &Shop, id: i64, along: Along<'_, String>) -> Outcome<String> {
    let account = whole(shop, id).await?;
    replace_key(shop, &account, false, along).await
}

async fn whole(shop: &Shop, id: i64) -> Outcome<Account> {
    let rows = shop.world.databases.directory().rows(vec![sql::whole(id)]).await?;
    let row = rows.first().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    Ok(with_shop_name(shop, sql::from_row(row)?).await?)
}
