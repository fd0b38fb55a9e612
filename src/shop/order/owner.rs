//! Whose an order is, for pages whose address has its id alone.

use std::{cell::RefCell, collections::HashMap};

use futures_util::future::join_all;

use crate::{
    platform::{Fault, Row, Statement},
    shop::App,
};

/// What was read of an order, and in which shard.
pub struct Found<const N: usize> {
    pub shard: String,
    pub rows: [Vec<Row>; N],
}

/// Orders whose shard is remembered. Beyond that the memory is begun anew.
const MAX_REMEMBERED: usize = 5_000;

/// The shards of orders, by their ids. An open page asks again and again.
#[derive(Default)]
struct Homes(RefCell<HashMap<String, String>>);

/// Reads an order and what belongs to it, in one round trip to each shard that may have it. The first statement is the order's
/// own. All have the account as `?1`, and it isn't known yet: what they are given for it doesn't count.
pub async fn read<const N: usize>(
    app: &App,
    order_id: &str,
    statements: [Statement; N],
) -> Result<Option<Found<N>>, Fault> {
    let statements = statements.map(|statement| of_owner(statement, order_id));
    let shards = app.platform.databases.shards();
    if shards.len() < 2 {
        return ask(app, shards, &statements).await;
    }
    let homes = app.memory.of::<Homes>();
    let home = homes.0.borrow().get(order_id).cloned();
    if let Some(home) = home
        && let Some(found) = ask(app, vec![home], &statements).await?
    {
        return Ok(Some(found));
    }
    let found = ask(app, shards, &statements).await?;
    if let Some(found) = &found {
        let mut homes = homes.0.borrow_mut();
        if homes.len() >= MAX_REMEMBERED {
            homes.clear();
        }
        homes.insert(order_id.to_owned(), found.shard.clone());
    }
    Ok(found)
}

async fn ask<const N: usize>(
    app: &App,
    shards: Vec<String>,
    statements: &[Statement; N],
) -> Result<Option<Found<N>>, Fault> {
    let one = async |shard: &String| app.platform.databases.shard(shard)?.batch(statements.clone()).await;
    let answers = join_all(shards.iter().map(one)).await;
    let mut trouble = Ok(None);
    for (shard, answer) in shards.into_iter().zip(answers) {
        match answer {
            Ok(rows) if rows.first().is_some_and(|rows| !rows.is_empty()) => return Ok(Some(Found { shard, rows })),
            Ok(_) => {}
            // It may be there.
            Err(fault) => trouble = Err(fault),
        }
    }
    trouble
}

/// The statement for the account whose order it is.
fn of_owner(mut statement: Statement, order_id: &str) -> Statement {
    const OWNER: &str = "account_id = (SELECT account_id FROM orders WHERE id = ?1)";
    statement.sql = statement.sql.replace("account_id = ?1", OWNER);
    if let Some(account) = statement.args.first_mut() {
        *account = order_id.into();
    }
    statement
}
