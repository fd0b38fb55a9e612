//! Stripe.

use super::{Desk, Gateway, NoSight, Opened, Seen, Taker, Way, settings};
use crate::{
    shop::{
        Outcome, Refusal,
        order::{Draft, Order, facts::Facts},
    },
    world::{Later, Row, Statement},
};

pub const GATEWAY: Gateway = Gateway(&Stripe);

struct Stripe;

impl Way for Stripe {
    fn name(&self) -> &'static str {
        "Stripe"
    }

    fn snake(&self) -> &'static str {
        "stripe"
    }

    fn takes(&self, account_id: i64, _taker: &Taker<'_>) -> Vec<Statement> {
        vec![settings::of(account_id, self.snake())]
    }

    fn open<'a>(&'a self, _desk: Desk<'a>, _draft: &'a Draft, _taken: &'a [Vec<Row>]) -> Later<'a, Outcome<Opened>> {
        Box::pin(async move { Err(Refusal::GatewayNotConfigured.into()) })
    }

    fn look<'a>(&'a self, _desk: Desk<'a>, _order: &'a Order, _known: &'a Facts) -> Later<'a, Result<Seen, NoSight>> {
        Box::pin(async move { Err(NoSight::Unreachable("nobody is asked".into())) })
    }

    fn url(&self, _desk: Desk<'_>, order: &Order) -> String {
        order.session.as_ref().map(|session| session.url.clone()).unwrap_or_default()
    }
}
