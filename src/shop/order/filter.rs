//! Lists of some of the orders. Any filters combine. What a page reads of n orders, beside its own rows, however deep it lies
//! and however many orders match:
//!
//! - by status, product and gateway: up to 100 blocks of 1024 orders all of them, and of more blocks the newest 16,
//!   n / 131072 rows of counts for each gateway, and the blocks in which the page's orders lie
//! - by e-mail, and anything else: n / 8192 rows of the buyer
//! - by time: n / 1024 blocks, once or twice, and the orders of the blocks in which the time begins and ends.

use std::collections::BTreeMap;

use super::{Order, Status, sql};
use crate::{
    platform::{Db, Fault, Row, Statement, Value},
    shop::{App, Outcome, account::Account, list::Page, text::email},
};

/// What orders are asked for: those to which all of this applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub status: Option<Status>,
    /// In its form for comparing.
    pub email: Option<String>,
    pub product_id: Option<String>,
    /// As the tables name it. It may be one that this version doesn't know.
    pub gateway: Option<String>,
    /// Milliseconds; an order made at that very time is not one of them, nor with `before`.
    pub after: Option<i64>,
    pub before: Option<i64>,
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    fn admits(&self, order: &Order) -> bool {
        let email = order.buyer.email.as_deref().unwrap_or_default();
        self.status.is_none_or(|status| status == order.status)
            && self.email.as_ref().is_none_or(|wanted| email::same(wanted, email))
            && self.product_id.as_ref().is_none_or(|wanted| *wanted == order.product_id)
            && self.gateway.as_ref().is_none_or(|wanted| wanted == order.gateway.slug())
            && self.after.is_none_or(|after| order.created_at > after)
            && self.before.is_none_or(|before| order.created_at < before)
    }
}

/// Numbers of one statement: each is a parameter, of which D1 takes a hundred. A page of a table has up to a thousand.
const AT_ONCE: usize = 50;

/// A page of them, as `row` has them, newest first; `page` counts from 1. Two round trips; three where its orders lie behind the blocks that are
/// read at once; and by time one for each further million orders.
pub async fn list(
    app: &App,
    account: &Account,
    filter: &Filter,
    row: &str,
    page: u32,
    per_page: u32,
) -> Outcome<Page<Order>> {
    let db = account.db(app)?;
    let mut window = Window::of(page, per_page);
    if filter.email.is_some() {
        by_email(&*db, account.id, filter, &mut window).await?;
    } else if filter.after.is_some() || filter.before.is_some() {
        by_time(&*db, account.id, filter, &mut window).await?;
    } else {
        by_facets(&*db, account.id, filter, &mut window).await?;
    }
    let mut orders = Vec::new();
    if !window.seqs.is_empty() {
        let pieces = window.seqs.chunks(AT_ONCE).map(|seqs| these(account.id, row, seqs));
        let rows = db.rows(pieces.collect()).await?;
        orders = rows.iter().flatten().map(sql::from_row).collect::<Result<_, _>>()?;
    }
    // One may have moved on since the blocks were read. Better a page lacks it than a shop takes it for paid.
    orders.retain(|order| filter.admits(order));
    Ok(Page { rows: orders, total: window.total.unsigned_abs() })
}

/// The places of a page among all orders that match, newest first.
struct Window {
    skip: i64,
    take: i64,
    total: i64,
    /// The page's orders.
    seqs: Vec<i64>,
}

impl Window {
    fn of(page: u32, per_page: u32) -> Window {
        Window { skip: i64::from(page - 1) * i64::from(per_page), take: per_page.into(), total: 0, seqs: Vec::new() }
    }

    /// The part of the next `count` matches that the page shows: how many to pass over, and how many to take.
    fn pass(&mut self, count: usize) -> (usize, usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let from = (self.skip - self.total).clamp(0, count);
        let to = (self.skip + self.take - self.total).clamp(0, count);
        self.total += count;
        (usize::try_from(from).unwrap_or(0), usize::try_from(to - from).unwrap_or(0))
    }

    fn add(&mut self, hits: Vec<i64>) {
        let (skip, take) = self.pass(hits.len());
        self.seqs.extend(hits.into_iter().skip(skip).take(take));
    }
}

/// By status, product and gateway: the newest blocks tell which of their orders match, the older ones first only how many.
async fn by_facets(db: &dyn Db, account_id: i64, filter: &Filter, window: &mut Window) -> Result<(), Fault> {
    let rows = db.rows(vec![newest_blocks(account_id, filter), counts(account_id, filter)]).await?;
    let [blocks, counts] = rows.as_slice() else {
        return Err(Fault("two answers were expected".into()));
    };
    for row in blocks {
        window.add(hits(row, &[])?);
    }
    let below = blocks.last().map_or(Ok(0), Row::int)? / BLOCK;
    let mut older: BTreeMap<i64, usize> = BTreeMap::new();
    for row in counts {
        for (block, count) in matches(row, filter.status)? {
            if block < below {
                *older.entry(block).or_default() += count;
            }
        }
    }
    let mut wanted = BTreeMap::new();
    for (block, count) in older.into_iter().rev() {
        let (skip, take) = window.pass(count);
        if take > 0 {
            wanted.insert(block, (skip, take));
        }
    }
    if !wanted.is_empty() {
        let blocks: Vec<i64> = wanted.keys().rev().copied().collect();
        let pieces = blocks.chunks(AT_ONCE).map(|blocks| these_blocks(account_id, filter, blocks));
        let rows = db.rows(pieces.collect()).await?;
        for row in rows.iter().flatten() {
            if let Some((skip, take)) = wanted.get(&(row.int()? / BLOCK)) {
                window.seqs.extend(hits(row, &[])?.into_iter().skip(*skip).take(*take));
            }
        }
    }
    Ok(())
}

/// An account with no more blocks than this is read without counts. So its page is two round trips.
const FEW_BLOCKS: usize = 100;
/// The blocks of a larger account that are read at once. The last two at least, which aren't counted yet.
const NEWEST_BLOCKS: usize = 16;

/// Rows of one round trip where each is kilobytes, several times over on its way from the database to here: an isolate has
/// 128 MB. As blocks, a million orders.
const ROWS_AT_ONCE: usize = 1_000;
/// The same of a buyer's rows, which are up to eight times as long.
const SPANS_AT_ONCE: usize = 125;

/// By e-mail, and anything else.
async fn by_email(db: &dyn Db, account_id: i64, filter: &Filter, window: &mut Window) -> Result<(), Fault> {
    let timed = filter.after.is_some() || filter.before.is_some();
    let (mut below, mut blocks, mut strays) = (EVER, Vec::new(), Vec::new());
    loop {
        let mut statements = vec![spans(account_id, filter, below)];
        if timed && below == EVER {
            statements.extend([overlapping(account_id, filter), outside(account_id, filter)]);
        }
        let rows = db.rows(statements).await?;
        if let [_, overlapping, outside] = rows.as_slice() {
            blocks = overlapping.iter().map(Row::int).collect::<Result<_, _>>()?;
            strays = outside.iter().map(Row::int).collect::<Result<_, _>>()?;
        }
        let rows = rows.first().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            let mut hits = hits(row, &strays)?;
            if timed {
                hits.retain(|seq| blocks.binary_search(&((seq - 1) / BLOCK)).is_ok());
            }
            window.add(hits);
        }
        match rows.last() {
            Some(last) if rows.len() == SPANS_AT_ONCE => below = last.int()? / SPAN,
            _ => return Ok(()),
        }
    }
}

/// By time, and status, product and gateway.
async fn by_time(db: &dyn Db, account_id: i64, filter: &Filter, window: &mut Window) -> Result<(), Fault> {
    let (mut below, mut strays) = (EVER, Vec::new());
    loop {
        let mut statements = vec![blocks_of_time(account_id, filter, below)];
        if below == EVER {
            statements.push(outside(account_id, filter));
        }
        let rows = db.rows(statements).await?;
        if let [_, outside] = rows.as_slice() {
            strays = outside.iter().map(Row::int).collect::<Result<_, _>>()?;
        }
        let blocks = rows.first().map(Vec::as_slice).unwrap_or_default();
        for row in blocks {
            window.add(hits(row, &strays)?);
        }
        match blocks.last() {
            Some(last) if blocks.len() == ROWS_AT_ONCE => below = last.int()? / BLOCK,
            _ => return Ok(()),
        }
    }
}

const BLOCK: i64 = 1024;
/// The same of `order_emails`.
const SPAN: i64 = 8192;

/// What `hits` reads of a row of `order_blocks`: the seq before its first order, how many there are, and the facets.
fn of_block(filter: &Filter, args: &mut Vec<Value>) -> String {
    let facets = facets(filter, args, 1);
    format!("block * {BLOCK} AS start, length(statuses) AS orders, NULL AS places{facets}")
}

/// For each thing that is filtered by, its text and the character that is wanted. The text is null where all orders of the row have
/// that, and the character where none has. `of_products`: what places among the products are divided by.
fn facets(filter: &Filter, args: &mut Vec<Value>, of_products: u8) -> String {
    let mut columns = String::new();
    if let Some(status) = filter.status {
        args.push(status.code().into());
        columns.push_str(&format!(", statuses, char(48 + ?{} % 60) AS statuses_wanted", args.len()));
    }
    for (text, names, value, divisor) in [
        ("gateways", "gateway_names", name(&filter.gateway), 1),
        ("products", "product_ids", name(&filter.product_id), of_products),
    ] {
        if let Some(value) = value {
            args.push(value);
            let wanted = format!("',' || ?{} || ','", args.len());
            columns.push_str(&format!(
                ", IIF({names} = {wanted}, NULL, {text}) AS {text},
                 char(48 + NULLIF(instr({names}, {wanted}), 0) / {divisor}) AS {text}_wanted"
            ));
        }
    }
    columns
}

/// Names have no commas: what has one is nobody's name, and must not match two of them.
fn name(name: &Option<String>) -> Option<Value> {
    name.as_ref().map(|name| if name.contains(',') { "" } else { name }.into())
}

/// All blocks of an account that has few, and the newest of one that has many.
fn newest_blocks(account_id: i64, filter: &Filter) -> Statement {
    let mut args = vec![account_id.into()];
    let columns = of_block(filter, &mut args);
    Statement::new(
        format!(
            "SELECT {columns} FROM order_blocks WHERE account_id = ?1 AND block >= (
               SELECT IIF(MAX(block) < {FEW_BLOCKS}, 0, MAX(block) - {NEWEST_BLOCKS} + 1) FROM order_blocks WHERE account_id = ?1)
             ORDER BY block DESC"
        ),
        args,
    )
}

/// These blocks, in this order: D1 bills neither VALUES nor a loop over them. At most `AT_ONCE`.
fn these_blocks(account_id: i64, filter: &Filter, blocks: &[i64]) -> Statement {
    let mut args = vec![account_id.into()];
    let columns = of_block(filter, &mut args);
    let wanted = values(blocks, &mut args);
    Statement::new(
        format!("SELECT {columns} FROM {wanted} CROSS JOIN order_blocks ON account_id = ?1 AND block = wanted.column1"),
        args,
    )
}

/// `(VALUES (?5), (?6), …) AS wanted`
fn values(numbers: &[i64], args: &mut Vec<Value>) -> String {
    let places: Vec<String> = (args.len() + 1..).take(numbers.len()).map(|n| format!("(?{n})")).collect();
    args.extend(numbers.iter().map(|n| Value::from(*n)));
    format!("(VALUES {}) AS wanted", places.join(", "))
}

/// How many orders of each block have a status, of all gateways or of one.
fn counts(account_id: i64, filter: &Filter) -> Statement {
    let mut args = vec![account_id.into(), name(&filter.product_id).unwrap_or_else(|| ",".into())];
    let mut gateway = "";
    if let Some(name) = name(&filter.gateway) {
        args.push(name);
        gateway = " AND gateway = ?3";
    }
    Statement::new(
        format!("SELECT part, counts FROM order_counts WHERE account_id = ?1 AND product_id = ?2{gateway}"),
        args,
    )
}

/// Blocks of one row of counts, and statuses of each of its blocks, in this order.
const PART: i64 = 128;
const STATUSES: [i64; 8] = [0, 51, 52, 53, 54, 55, 56, 100];

/// The blocks of a row of counts, and how many of their orders have the status, or any.
fn matches(row: &Row, status: Option<Status>) -> Result<Vec<(i64, usize)>, Fault> {
    row.read(|row| {
        let (first, counts) = (row.int() * PART, row.text());
        let counts: Vec<usize> = counts.chars().map(|count| (count as usize).saturating_sub(48)).collect();
        let of_block = |of_statuses: &[usize]| -> usize {
            let wanted = |code: &i64| status.is_none_or(|status| status.code() == *code);
            of_statuses.iter().zip(&STATUSES).filter(|(_, code)| wanted(code)).map(|(count, _)| count).sum()
        };
        Ok((first..).zip(counts.chunks(STATUSES.len()).map(of_block)).collect())
    })
}

/// A buyer's rows below this one, newest first.
fn spans(account_id: i64, filter: &Filter, below: i64) -> Statement {
    let mut args = vec![account_id.into(), filter.email.clone().into(), below.into()];
    let facets = facets(filter, &mut args, 4);
    Statement::new(
        format!(
            "SELECT span * {SPAN} AS start, length(places) AS orders, places{facets} FROM order_emails
             WHERE account_id = ?1 AND email = ?2 AND span < ?3 ORDER BY span DESC LIMIT {SPANS_AT_ONCE}"
        ),
        args,
    )
}

/// The blocks below this one in which an order may be of the time, newest first.
fn blocks_of_time(account_id: i64, filter: &Filter, below: i64) -> Statement {
    let (after, before) = times(filter);
    let mut args = vec![account_id.into(), after.into(), before.into(), below.into()];
    let columns = of_block(filter, &mut args);
    Statement::new(
        format!(
            "SELECT {columns} FROM order_blocks WHERE account_id = ?1 AND block < ?4 AND last_at > ?2 AND first_at < ?3
             ORDER BY block DESC LIMIT {ROWS_AT_ONCE}"
        ),
        args,
    )
}

/// The numbers of all blocks in which an order may be of the time.
fn overlapping(account_id: i64, filter: &Filter) -> Statement {
    let (after, before) = times(filter);
    Statement::new(
        "SELECT block FROM order_blocks WHERE account_id = ?1 AND last_at > ?2 AND first_at < ?3 ORDER BY block",
        vec![account_id.into(), after.into(), before.into()],
    )
}

/// The orders outside of the time in the blocks that are only partly inside.
fn outside(account_id: i64, filter: &Filter) -> Statement {
    let (after, before) = times(filter);
    Statement::new(
        "SELECT o.seq FROM order_blocks AS b
         CROSS JOIN orders AS o ON o.account_id = ?1 AND o.seq BETWEEN b.block * 1024 + 1 AND b.block * 1024 + 1024
         WHERE b.account_id = ?1 AND b.last_at > ?2 AND b.first_at < ?3 AND (b.first_at <= ?2 OR b.last_at >= ?3)
         AND (?4 IS NULL OR EXISTS (
           SELECT 1 FROM order_emails AS e WHERE e.account_id = ?1 AND e.email = ?4 AND e.span = b.block / 8))
         AND (o.created_at <= ?2 OR o.created_at >= ?3) ORDER BY b.block, o.seq",
        vec![account_id.into(), after.into(), before.into(), filter.email.clone().into()],
    )
}

fn times(filter: &Filter) -> (i64, i64) {
    (filter.after.unwrap_or(-EVER), filter.before.unwrap_or(EVER))
}

/// Beyond all times, and exact as a float.
const EVER: i64 = 1 << 52;

/// The seqs of a row's orders to which everything applies but those that are strays, newest first.
fn hits(row: &Row, strays: &[i64]) -> Result<Vec<i64>, Fault> {
    let facets = row.0.len().saturating_sub(3) / 2;
    row.read(|row| {
        let first = row.int() + 1;
        let orders = row.count();
        let mut seqs: Vec<i64> = match row.maybe_text() {
            None => (first..first + i64::from(orders)).collect(),
            Some(places) => places.chars().map(|place| first + i64::from(u32::from(place)) - 48).collect(),
        };
        let mut hits = vec![true; seqs.len()];
        for _ in 0..facets {
            let text = row.maybe_text();
            let Some(wanted) = row.maybe_text().as_deref().and_then(|text| text.chars().next()) else {
                hits.fill(false);
                continue;
            };
            for (hit, cell) in hits.iter_mut().zip(text.iter().flat_map(|text| text.chars())) {
                *hit &= cell == wanted;
            }
        }
        let mut hits = hits.into_iter();
        seqs.retain(|seq| hits.next().unwrap_or(false) && strays.binary_search(seq).is_err());
        seqs.reverse();
        Ok(seqs)
    })
}

/// These orders, in this order. At most `AT_ONCE`.
fn these(account_id: i64, row: &str, seqs: &[i64]) -> Statement {
    let mut args = vec![account_id.into()];
    let wanted = values(seqs, &mut args);
    Statement::new(
        format!("SELECT {row} FROM {wanted} CROSS JOIN orders ON account_id = ?1 AND seq = wanted.column1"),
        args,
    )
}
