//! Lists of some of the orders: by status, product, gateway and time, read from `order_blocks`, or by e-mail, read from its
//! index. Any of them combine.
//!
//! What a page reads of n orders, however deep it lies and however many match: n / 1024 blocks, and twice its orders (SQLite
//! keeps the list of those it is asked for as rows). With times, the blocks once more, and the orders of the blocks in which the time
//! begins and ends. With an e-mail, instead of all that: twice the buyer's orders, and four times the page's at most.

use super::{Order, Status, sql};
use crate::{
    shop::{
        Outcome, Shop,
        account::Account,
        list::{self, Page},
        text::email,
    },
    world::{Fault, Row, Statement, Value},
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
            && self.gateway.as_ref().is_none_or(|wanted| wanted == order.gateway.snake())
            && self.after.is_none_or(|after| order.created_at > after)
            && self.before.is_none_or(|before| order.created_at < before)
    }
}

/// A page of them, newest first; `page` counts from 1. Two round trips, with an e-mail one.
pub async fn list(shop: &Shop, account: &Account, filter: &Filter, page: u32, per_page: u32) -> Outcome<Page<Order>> {
    let db = account.db(shop)?;
    let skip = i64::from(page - 1) * i64::from(per_page);
    if let Some(email) = &filter.email {
        let rows = db.rows(of_email(account.id, email, filter, skip, per_page).into()).await?;
        return Ok(list::read(&rows, sql::from_row)?);
    }
    let rows = db.rows(blocks(account.id, filter)).await?;
    let (blocks, strays) = match rows.as_slice() {
        [blocks] => (blocks, &[][..]),
        [blocks, strays] => (blocks, strays.as_slice()),
        _ => return Err(Fault("one or two answers were expected".into()).into()),
    };
    let strays = strays.iter().map(Row::int).collect::<Result<Vec<_>, _>>()?;
    let mut total = 0;
    let mut seqs = Vec::new();
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
    let mut orders = Vec::new();
    if !seqs.is_empty() {
        let rows = db.rows(vec![these(account.id, &seqs)]).await?;
        orders = rows.iter().flatten().map(sql::from_row).collect::<Result<_, _>>()?;
    }
    // One may have moved on since the blocks were read. Better a page lacks it than a shop takes it for paid.
    orders.retain(|order| filter.admits(order));
    Ok(Page { rows: orders, total: total.unsigned_abs() })
}

/// The blocks, newest first: number, count of orders, and then for each thing that is filtered by, its text and the
/// character that is wanted, or null where no order of the block has that. With times, also the orders outside of them in
/// the blocks that are only partly inside.
fn blocks(account_id: i64, filter: &Filter) -> Vec<Statement> {
    let (after, before) = (filter.after.unwrap_or(-EVER), filter.before.unwrap_or(EVER));
    let mut args: Vec<Value> = vec![account_id.into(), after.into(), before.into()];
    let mut columns = String::from("block, length(statuses) AS orders");
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
    let mut statements = vec![Statement::new(
        format!(
            "SELECT {columns} FROM order_blocks WHERE account_id = ?1 AND last_at > ?2 AND first_at < ?3
             ORDER BY block DESC"
        ),
        args,
    )];
    if filter.after.is_some() || filter.before.is_some() {
        statements.push(Statement::new(
            "SELECT o.seq FROM order_blocks AS b
             CROSS JOIN orders AS o ON o.account_id = ?1 AND o.seq BETWEEN b.block * 1024 + 1 AND b.block * 1024 + 1024
             WHERE b.account_id = ?1 AND b.last_at > ?2 AND b.first_at < ?3 AND (b.first_at <= ?2 OR b.last_at >= ?3)
             AND (o.created_at <= ?2 OR o.created_at >= ?3) ORDER BY b.block, o.seq",
            vec![account_id.into(), after.into(), before.into()],
        ));
    }
    statements
}

/// Beyond all times, and exact as a float.
const EVER: i64 = 1 << 52;

/// The seqs of a block's orders to which everything applies, newest first.
fn hits(row: &Row, strays: &[i64]) -> Result<Vec<i64>, Fault> {
    let facets = row.0.len().saturating_sub(2) / 2;
    row.read(|row| {
        let first = row.int() * 1024 + 1;
        let mut hits: Vec<bool> = (0..row.count()).map(|_| true).collect();
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

/// How many of a buyer's orders match, and a page of them.
fn of_email(account_id: i64, email: &str, filter: &Filter, skip: i64, per_page: u32) -> [Statement; 2] {
    // SQLite would rather walk all orders, of which it knows that they are in the right order already.
    let mut from = String::from(
        "FROM orders INDEXED BY orders_email WHERE account_id = ?1 AND email IS NOT NULL AND COALESCE(email_key, email) = ?2 COLLATE NOCASE",
    );
    let mut args: Vec<Value> = vec![account_id.into(), email.into()];
    let mut also = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            args.push(value);
            from.push_str(&format!(" AND {condition} ?{}", args.len()));
        }
    };
    also("status =", filter.status.map(|status| status.code().into()));
    also("product_id =", filter.product_id.as_deref().map(Into::into));
    also("gateway =", filter.gateway.as_deref().map(Into::into));
    also("created_at >", filter.after.map(Into::into));
    also("created_at <", filter.before.map(Into::into));
    let count = Statement::new(format!("SELECT COUNT(*) {from}"), args.clone());
    let n = args.len();
    args.extend([Value::from(per_page), skip.into()]);
    let columns = sql::row();
    let page = format!("SELECT {columns} {from} ORDER BY seq DESC LIMIT ?{} OFFSET ?{}", n + 1, n + 2);
    [count, Statement::new(page, args)]
}
