//! Tries a rule on past orders: what it would have hit, and what became of it. Each order is judged by the facts that were known when
//! it was begun.

use super::{
    Order, Status,
    facts::{self, InRow},
    sql,
};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        App, Outcome,
        account::Account,
        rule::{Facts, Rule},
    },
};

/// Orders of one trial.
pub const MAX_ORDERS: u32 = 5_000;
/// Orders of one round trip: with what their rows say, each has about a kilobyte of facts.
const STEP: u32 = 1_000;
/// Hits that are shown.
const EXAMPLES: usize = 10;

#[derive(Default)]
pub struct Trial {
    pub looked_at: u32,
    pub hits: u32,
    pub paid: u32,
    pub disputed: u32,
    pub refunded: u32,
    /// The newest hits.
    pub examples: Vec<Order>,
    /// When the oldest order was made that was looked at.
    pub until: Option<i64>,
}

/// Looks at the newest orders, `limit` of them at most, and none from before `since`. A round trip for each thousand.
pub async fn run(app: &App, account: &Account, rule: &Rule, since: Option<i64>, limit: u32) -> Outcome<Trial> {
    let db = account.db(app)?;
    let (mut trial, mut before, mut ids) = (Trial::default(), None, Vec::new());
    while trial.looked_at < limit.min(MAX_ORDERS) {
        let step = STEP.min(limit.min(MAX_ORDERS) - trial.looked_at);
        let rows = db.rows(vec![step_of(account.id, before, step)]).await?.into_iter().next().unwrap_or_default();
        let mut over = rows.len() < step as usize;
        for row in &rows {
            let past = Past::read(row)?;
            if since.is_some_and(|since| past.created_at < since) {
                over = true;
                break;
            }
            before = Some(past.seq);
            trial.looked_at += 1;
            trial.until = Some(past.created_at);
            if past.facts.is_some_and(|facts| rule.matches(&facts)) {
                trial.hits += 1;
                match past.status {
                    Status::Completed => trial.paid += 1,
                    Status::Reversed => trial.disputed += 1,
                    Status::Refunded => trial.refunded += 1,
                    _ => {}
                }
                if ids.len() < EXAMPLES {
                    ids.push(past.id);
                }
            }
        }
        if over {
            break;
        }
    }
    if !ids.is_empty() {
        let statements = ids.iter().map(|id| sql::by_id(account.id, id)).collect();
        let orders = db.rows(statements).await?;
        trial.examples = orders.iter().flatten().map(sql::from_row).collect::<Result<_, _>>()?;
    }
    Ok(trial)
}

/// An order as a trial sees it.
struct Past {
    seq: i64,
    id: String,
    status: Status,
    created_at: i64,
    /// `None`: they can't be read.
    facts: Option<Facts>,
}

impl Past {
    fn read(row: &Row) -> Result<Past, Fault> {
        row.read(|row| {
            let (seq, id, status) = (row.int(), row.text(), row.int());
            let (said, kept) = InRow::read(row)?;
            Ok(Past {
                seq,
                id,
                status: Status::from_code(status).ok_or_else(|| Fault("an order has an unknown status".into()))?,
                created_at: said.created_at,
                facts: kept.and_then(|kept| facts::put_back(&said, &kept)),
            })
        })
    }
}

fn step_of(account_id: i64, before: Option<i64>, most: u32) -> Statement {
    Statement::new(
        format!(
            "SELECT seq, id, status, {} FROM orders
             WHERE account_id = ?1 AND seq < COALESCE(?2, 9007199254740992) ORDER BY seq DESC LIMIT ?3",
            facts::COLUMNS
        ),
        vec![account_id.into(), before.into(), most.into()],
    )
}
