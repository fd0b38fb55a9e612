//! `POST /orders/:id/…`: what a seller does to an order by hand. Each answers with the order as it
//! is then.

use super::{ApiResult, Call, object};
use crate::{
    api::{
        failure::Failure,
        fields::Fields,
        v2::{again, blacklist},
    },
    http::Response,
    shop::{
        Outcome,
        blacklist::Kind,
        order::{
            self, Written,
            action::{self, Refunded, Wanted},
        },
        prepared::Prepared,
    },
};

/// `{email?, ip?, country?}`
pub async fn blacklist(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let mut wanted = Vec::new();
    for (field, kind, usual) in
        [("email", Kind::Email, true), ("ip", Kind::Ip, true), ("country", Kind::Country, false)]
    {
        let flag = fields.flag(field);
        if flag.unwrap_or(usual) {
            wanted.push(Wanted { kind, field, asked: flag.is_some() });
        }
    }
    fields.finish()?;
    again(async || {
        let prepared = action::blacklist(call.app, call.account, id, &wanted).await?;
        call.commit(200, prepared, |entries| blacklist::listed(entries)).await
    })
    .await
}

/// `{note?}`
pub async fn approve(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let note = fields.text("note", 1_000);
    fields.finish()?;
    act(call, async || action::approve(call.app, call.account, id, note.clone()).await).await
}

/// `{note?}`
pub async fn complete(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let note = fields.text("note", 1_000);
    fields.finish()?;
    act(call, async || action::complete(call.app, call.account, id, note.clone()).await).await
}

/// `{again?}`
pub async fn deliver(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let again = fields.flag("again").unwrap_or(false);
    fields.finish()?;
    act(call, async || action::deliver(call.app, call.account, id, again).await).await
}

/// `{serial?}`
pub async fn replace(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let serial = fields.text("serial", crate::shop::stock::MAX_LENGTH);
    fields.finish()?;
    act(call, async || action::replace(call.app, call.account, id, serial.as_deref()).await).await
}

/// `{amount?}`, or of coins `{txid}`
pub async fn refund(call: &Call<'_>, id: &str) -> ApiResult {
    let order = order::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "order")?;
    let is_coins = order.session.is_none();
    let txid = txid(&mut fields, is_coins);
    let amount = match fields.value("amount").is_some() {
        true if is_coins => {
            fields.error("Amount is for PayPal and Stripe alone: coins go back by a transaction of yours");
            None
        }
        true => fields.price("amount", Some(order.price.currency())),
        false => None,
    };
    fields.finish()?;
    let refunded = match txid {
        Some(txid) => Refunded::coins(txid),
        None => {
            let key = call.request.header("idempotency-key");
            action::send_back(call.app, call.account, &order, amount, key).await?
        }
    };
    // The money is on its way once. What is tried again is only to write it down.
    act(call, async || action::refund(call.app, call.account, id, &refunded).await).await
}

fn txid(fields: &mut Fields, is_coins: bool) -> Option<String> {
    let txid = fields.text("txid", 128);
    match &txid {
        Some(_) if !is_coins => {
            fields.error("Txid is for coins alone: PayPal and Stripe send the money back themselves")
        }
        Some(txid) if !txid.bytes().all(|b| b.is_ascii_graphic()) => fields.error("Txid is not a transaction's id"),
        None if is_coins && fields.errors.is_empty() => fields.error("Txid can't be blank"),
        _ => {}
    }
    txid
}

/// Commits what an action has prepared, with the answer that tells of it, and tells of it.
async fn act(call: &Call<'_>, prepare: impl AsyncFn() -> Outcome<Prepared<Written>>) -> ApiResult {
    again(async || {
        let prepared = prepare().await.map_err(Failure::from)?;
        let body = object(&prepared.value.order);
        let (written, _) = prepared.commit(call.app, call.keep(200, &body)?).await?;
        written.tell(call.app).await;
        Ok(Response::json(200, body))
    })
    .await
}
