//! Lists of some of the orders: by status, product, gateway and time, read from `order_blocks`, and by e-mail, read
//! from `order_emails`. Any of them combine.
//!
//! What a page reads of n orders, however deep it lies and however many match: n / 1024 blocks, and twice its orders (SQLite
//! keeps the list of those it is asked for as rows). With times, the blocks once more, and the orders of the blocks in which the time
//! begins and ends. With an e-mail, twice the blocks in which the buyer has an order, and no others.

use super::{Order, Status, sql};
use crate::{
    platform::{Fault, Row, Statement, Value},
    shop::{Outcome, Shop, account::Account, list::Page, text::email},
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

/// Blocks of one round trip: a million orders. An isolate has 128 MB, and each block is kilobytes, several times over on its
/// way from the database to here.
const BLOCKS: usize = 1_000;

/// A page of them, newest first; `page` counts from 1. Two round trips, and one for each further million orders.
pub async fn list(shop: &Shop, account: &Account, filter: &Filter, page: u32, per_page: u32) -> Outcome<Page<Order>> {
    let db = account.db(shop)?;
    let skip = i64::from(page - 1) * i64::from(per_page);
    let mut total = 0;
    let mut seqs = Vec::new();
    let mut strays = Vec::new();
    let mut below = EVER;
    loop {
        let mut statements = vec![blocks(account.id, filter, below)];
        if below == EVER {
            statements.extend(outside(account.id, filter));
        }
        let rows = db.rows(statements).await?;
        let mut rows = rows.iter();
        let blocks = rows.next().map(Vec::as_slice).unwrap_or_default();
        if let Some(outside) = rows.next() {
            strays = outside.iter().map(Row::int).collect::<Result<Vec<_>, _>>()?;
        }
        for row in blocks {
            let hits = hits(row, &strays)?;
            let count = hits.len() as i64;
            for (place, seq) in (total..).zip(hits) {
                if (skip..skip + i64::from(per_page)).contains(&place) {
                    seqs.push(seq);
                }
            }
            total += count;
        }
        match blocks.last() {
            Some(last) if blocks.len() == BLOCKS => below = last.int()?,
            _ => break,
        }
    }
    let mut orders = Vec::new();
    if !seqs.is_empty() {
        let rows = db.rows(vec![these(account.id, &seqs)]).await?;
        orders = rows.iter().flatten().map(sql::from_row).collect::<Result<_, _>>()?;
    }
    // One may have moved on since the blocks were read. Better a page lacks it than a shop takes it for paid.
    orders.retain(|order| filter.admits(order));
    Ok(Page { rows: orders, total: total.unsigned_abs() })
}

/// The blocks below this one, newest first: number, count of orders, which of them are the buyer's, and then for each thing
/// that is filtered by, its text and the character that is wanted, or null where no order of the block has that.
fn blocks(account_id: i64, filter: &Filter, below: i64) -> Statement {
    let (after, before) = times(filter);
    let mut args: Vec<Value> = vec![account_id.into(), after.into(), before.into(), below.into()];
    let mut columns = String::new();
    let mut facet = |text: &str, wanted: &str, value: Option<Value>| {
        if let Some(value) = value {
            args.push(value);
            columns
                .push_str(&format!(", {text}, {} AS {text}_wanted", wanted.replace("?0", &format!("?{}", args.len()))));
        }
    };
    facet("statuses", "char(48 + ?0 % 60)", filter.status.map(|status| status.code().into()));
    let place = |names: &str| format!("char(48 + NULLIF(instr({names}, ',' || ?0 || ','), 0))");
    // Names have no commas: what has one is nobody's name, and must not match two of them.
    let name = |name: &Option<String>| name.as_ref().map(|name| if name.contains(',') { "" } else { name }.into());
    facet("gateways", &place("gateway_names"), name(&filter.gateway));
    facet("products", &place("product_ids"), name(&filter.product_id));
    let (places, from, of_buyer) = match &filter.email {
        Some(email) => {
            args.push(email.as_str().into());
            (
                "e.places",
                "order_emails AS e CROSS JOIN order_blocks AS b ON b.account_id = e.account_id AND b.block = e.block",
                format!(" AND e.account_id = ?1 AND e.email = ?{} AND e.block < ?4", args.len()),
            )
        }
        None => ("NULL", "order_blocks AS b", String::new()),
    };
    Statement::new(
        format!(
            "SELECT b.block, length(statuses) AS orders, {places} AS places{columns} FROM {from}
             WHERE b.account_id = ?1 AND b.block < ?4 AND last_at > ?2 AND first_at < ?3{of_buyer}
             ORDER BY b.block DESC LIMIT {BLOCKS}"
        ),
        args,
    )
}

/// With times, the orders outside of them in the blocks that are only partly inside.
fn outside(account_id: i64, filter: &Filter) -> Option<Statement> {
    if filter.after.is_none() && filter.before.is_none() {
        return None;
    }
    let (after, before) = times(filter);
    Some(Statement::new(
        "SELECT o.seq FROM order_blocks AS b
         CROSS JOIN orders AS o ON o.account_id = ?1 AND o.seq BETWEEN b.block * 1024 + 1 AND b.block * 1024 + 1024
         WHERE b.account_id = ?1 AND b.last_at > ?2 AND b.first_at < ?3 AND (b.first_at <= ?2 OR b.last_at >= ?3)
         AND (?4 IS NULL OR EXISTS (SELECT 1 FROM order_emails AS e WHERE e.account_id = ?1 AND e.email = ?4 AND e.block = b.block))
         AND (o.created_at <= ?2 OR o.created_at >= ?3) ORDER BY b.block, o.seq",
        vec![account_id.into(), after.into(), before.into(), filter.email.clone().into()],
    ))
}

fn times(filter: &Filter) -> (i64, i64) {
    (filter.after.unwrap_or(-EVER), filter.before.unwrap_or(EVER))
}

/// Beyond all times, and exact as a float.
const EVER: i64 = 1 << 52;

/// The seqs of a block's orders to which everything applies, newest first.
fn hits(row: &Row, strays: &[i64]) -> Result<Vec<i64>, Fault> {
    let facets = row.0.len().saturating_sub(3) / 2;
    row.read(|row| {
        let first = row.int() * 1024 + 1;
        let orders = row.count();
        let mut hits: Vec<bool> = match row.maybe_text() {
            None => (0..orders).map(|_| true).collect(),
            Some(places) => {
                let mut hits: Vec<bool> = (0..orders).map(|_| false).collect();
                for place in places.chars() {
                    if let Some(hit) = hits.get_mut((place as usize).saturating_sub(48)) {
                        *hit = true;
                    }
                }
                hits
            }
        };
        for _ in 0..facets {
            let text = row.text();
            let wanted = row.maybe_text();
            let wanted = wanted.as_deref().and_then(|text| text.chars().next());
            for (hit, cell) in hits.iter_mut().zip(text.chars()) {
                *hit &= Some(cell) == wanted;
            }
        }
        let seqs = (first..).zip(hits).filter(|(seq, hit)| *hit && strays.binary_search(seq).is_err());
        let mut seqs: Vec<i64> = seqs.map(|(seq, _)| seq).collect();
        seqs.reverse();
        Ok(seqs)
    })
}

/// These orders, newest first. At most 50: each is a parameter.
fn these(account_id: i64, seqs: &[i64]) -> Statement {
    let places: Vec<String> = (2..2 + seqs.len()).map(|n| format!("?{n}")).collect();
    let mut args = vec![account_id.into()];
    args.extend(seqs.iter().map(|seq| Value::from(*seq)));
    Statement::new(
        format!(
            "SELECT {} FROM orders WHERE account_id = ?1 AND seq IN ({}) ORDER BY seq DESC",
            sql::row(),
            places.join(", ")
        ),
        args,
    )
}
