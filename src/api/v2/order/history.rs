//! `GET /orders/:id/history`

use serde::Serialize;

use super::{ApiResult, Call, OrderStatus, Time};
use crate::{
    api::v2::{page::Wanted, wire::values},
    json,
    shop::order::history::{self, Entry},
};

pub async fn list(call: &Call<'_>, id: &str) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let entries = history::list(call.app, call.account, id).await?;
    let skip = (wanted.page as usize - 1).saturating_mul(wanted.per_page as usize);
    let page = entries.iter().skip(skip).take(wanted.per_page as usize);
    Ok(wanted.answer(call, page.map(object), entries.len() as u64))
}

values! {
    ActorName<'a>(&'a str) = {"type": "string", "enum": history::Actor::ALL.map(history::Actor::word)}

    ActionName<'a>(&'a str) = {"type": "string", "enum": history::Action::ALL.map(history::Action::word)}
}

fn object(entry: &Entry) -> String {
    json::to_text(&Body {
        time: Time::at(entry.at),
        from: OrderStatus(entry.from.code()),
        to: OrderStatus(entry.to.code()),
        by: ActorName(entry.actor.word()),
        action: ActionName(entry.action.word()),
        note: entry.note.as_deref(),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "OrderHistory"))]
pub struct Body<'a> {
    /// When it happened.
    time: Time,
    /// The status before.
    from: OrderStatus,
    /// The status after; the same where only the goods or a mail moved.
    to: OrderStatus,
    /// `gateway` (money came or went), `seller` (you, by hand), `system`.
    by: ActorName<'static>,
    /// `payment`, `delivery` (by itself), `mail` (one to the buyer was given up), or what you did:
    /// `approve`, `complete`, `deliver`, `replace`, `refund`, `blacklist`, `note`.
    action: ActionName<'static>,
    /// Your note, the serial that was replaced, the amount or the transaction of a refund, what was
    /// put on the blacklist, or why a delivery failed or a mail wasn't sent.
    note: Option<&'a str>,
}
