//! The file that was bought: as the product has it now, so that an old receipt gives the newest version. Where it has none any
//! more, or is gone, the last one is kept (`sold_files`).

use super::{Delivery, Status, owner, sql};
use crate::{
    platform::{CommitError, LogLine, Statement},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        error::OrderRefusal,
        product::Kind,
        time::HOUR,
        upload::{self, Upload},
    },
};

/// A file that may be handed out.
pub struct Download {
    account: Account,
    order_id: String,
    pub file: Upload,
    /// When a download of it was last counted.
    counted_at: Option<i64>,
}

/// Programs that fetch a file in parts, side by side or after a look at its first bytes, make one download of it within this
/// time, in milliseconds. So does one that goes on where it broke off.
const VISIT: i64 = HOUR;

/// Refused unless the order is paid and its file is delivered.
pub async fn find(app: &App, order_id: &str) -> Outcome<Download> {
    let statements = [sql::by_id(0, order_id), file(0, order_id)];
    let found = owner::read(app, order_id, statements).await?.ok_or(Refusal::NotFound)?;
    let [orders, files] = &found.rows;
    let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
    let is_file = order.item.as_ref().is_some_and(|item| item.kind == Kind::File);
    if !is_file || order.status != Status::Completed || order.delivery != Some(Delivery::Delivered) {
        return Err(OrderRefusal::NotDeliverable.into());
    }
    let file = files.first().map(|row| row.read(|row| Ok((upload::read(row)?, row.maybe_int())))).transpose()?;
    let (file, counted_at) = file.unwrap_or_default();
    Ok(Download {
        account: Account::acting(order.account_id, &found.shard, order.test),
        order_id: order.id,
        file: file.ok_or(OrderRefusal::NothingToDeliver)?,
        counted_at,
    })
}

/// Counts it: each time that it is sent as a whole, and its parts once a visit. The buyer gets what they paid for all the same
/// when that fails.
pub async fn count(app: &App, download: &Download, part: bool) {
    let now = app.now();
    if part && download.counted_at.is_some_and(|at| now < at + VISIT) {
        return;
    }
    let counted = async {
        let one = add_one(download.account.id, &download.order_id, part, now);
        download.account.db(app)?.commit(vec![one]).await.map_err(CommitError::into_fault)
    };
    if let Err(fault) = counted.await {
        let line = LogLine::warn("order.download_not_counted").account(download.account.id);
        app.platform.log.write(line.order(&download.order_id).because(fault));
    }
}

fn file(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT file_id, file_size, file_type, file_name, o.downloaded_at FROM orders o
         CROSS JOIN products p ON p.id = o.product_id AND p.account_id = o.account_id AND file_id IS NOT NULL
         WHERE o.id = ?2 AND o.account_id = ?1
         UNION ALL SELECT file_id, file_size, file_type, file_name, o.downloaded_at FROM orders o
         CROSS JOIN sold_files f ON f.account_id = o.account_id AND f.product_id = o.product_id
         WHERE o.id = ?2 AND o.account_id = ?1
         LIMIT 1",
        vec![account_id.into(), order_id.into()],
    )
}

/// It holds to no revision, so that of two downloads at once both count, and none undoes another change. Of parts that are
/// fetched side by side the first counts.
fn add_one(account_id: i64, order_id: &str, part: bool, now: i64) -> Statement {
    Statement::new(
        "UPDATE orders SET downloads = downloads + 1, downloaded_at = ?3
         WHERE account_id = ?1 AND id = ?2 AND (?4 = 0 OR downloaded_at IS NULL OR downloaded_at <= ?5)",
        vec![account_id.into(), order_id.into(), now.into(), part.into(), (now - VISIT).into()],
    )
}
