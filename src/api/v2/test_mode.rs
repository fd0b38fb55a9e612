//! `/test`: a test account plays the buyer and the chain.

use serde::Serialize;

use super::{ApiResult, Call, order};
use crate::{
    api::{failure::Failure, fields::Fields},
    json::{self, Raw},
    shop::order::test_mode::{self, Kind},
};

/// `{order_id, kind: exact|partial|over|late, amount?, confirmations?}` → 201 with the transaction and the order.
pub async fn pay(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "payment")?;
    let order_id = fields.required_text("order_id", 64);
    let kind = match fields.required_text("kind", 16).as_deref().map(Kind::parse) {
        Some(None) => {
            fields.error("Kind is not included in the list (exact, partial, over, late)");
            None
        }
        Some(kind) => kind,
        None => None,
    };
    let amount = fields.int("amount", 1, 2_100_000_000_000_000).and_then(|n| u64::try_from(n).ok());
    let confirmations = fields.int("confirmations", 0, 1_000).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    fields.finish()?;
    let (Some(order_id), Some(kind)) = (order_id, kind) else {
        return Err(Failure::not_found());
    };
    let paid = test_mode::pay(call.app, call.account, &order_id, kind, amount, confirmations, call.begin()).await?;
    let order = order::object(&paid.order);
    let body = Paid { txid: &paid.txid, value: paid.value, confirmations, order: Raw(&order) };
    let json = json::to_text(&body);
    call.made(json).await
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "TestPayment"))]
pub(super) struct Paid<'a> {
    /// The transaction that was made up.
    txid: &'a str,
    /// How much it paid, in the coin's smallest unit.
    value: u64,
    /// How many confirmations the transaction has from the start.
    confirmations: u32,
    /// The order as it is now.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "order::Body"))]
    order: Raw<'a>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "TestBlocks"))]
pub(super) struct Mined {
    /// The height of the simulated chain.
    height: u32,
}

/// `{count, order_id?}` → 201 with the new height. Blocks take in what is unconfirmed: of that order, or of all.
pub async fn mine(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "block")?;
    let count = fields.int("count", 1, 1_000).and_then(|n| u32::try_from(n).ok());
    if count.is_none() && fields.errors.is_empty() {
        fields.error("Count can't be blank");
    }
    let order_id = fields.text("order_id", 64);
    fields.finish()?;
    let height = test_mode::mine(call.app, call.account, count.unwrap_or(1), order_id.as_deref(), call.begin()).await?;
    call.made(json::to_text(&Mined { height })).await
}

/// `{order_id}` → 201 with the order, whose unconfirmed transactions are gone.
pub async fn double_spend(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "payment")?;
    let order_id = fields.required_text("order_id", 64);
    fields.finish()?;
    let order = test_mode::double_spend(call.app, call.account, &order_id.unwrap_or_default(), call.begin()).await?;
    call.made(order::object(&order)).await
}
