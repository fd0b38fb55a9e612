//! Opening an order: an address of its own and a quote, or a page of the gateway's; and the first webhook, in one commit.

use super::{Draft, Order, Status, schedule, sql};
use crate::{
    platform::{CommitError, Fault, Row, Statement},
    shop::{
        Along, Error, Outcome, Refusal, Shop,
        account::{
            Account,
            policy::{self, Policy},
        },
        gateway::{
            Gateway, GatewayContext, Invoice, PaymentPrompt, Reservation,
            rates::{self, Rates},
            wallet,
        },
        money::{self, Amount, Currency, Decimal},
        webhook::{self, Endpoint, Event},
    },
};

/// The rates this account quotes from.
pub async fn rates(shop: &Shop, account: &Account, gateway: Gateway) -> Outcome<Rates> {
    let coin = *gateway.coin().ok_or(Refusal::NotQuotable)?;
    if account.test {
        return Ok(rates::fixed(coin, shop.now()));
    }
    Ok(rates::current(shop, coin).await?)
}

/// The rates of a coin as they are known without asking anybody: what a link is checked by when it is made.
pub async fn known_rates(shop: &Shop, account: &Account, gateway: Gateway) -> Option<Rates> {
    let coin = *gateway.coin()?;
    if account.test { Some(rates::fixed(coin, shop.now())) } else { rates::known(shop, coin).await }
}

/// What the price of a draft is worth. Coins can't be asked for without a rate; on a page only the dollars are missing then.
pub async fn worth(shop: &Shop, account: &Account, gateway: Gateway, price: Amount) -> Outcome<Option<Rates>> {
    if gateway.coin().is_some() {
        let rates = rates(shop, account, gateway).await?;
        quote(gateway, price, &rates, &Policy::default())?;
        return Ok(Some(rates));
    }
    if price.currency() == Currency::USD {
        return Ok(None);
    }
    match Gateway::ALL.into_iter().find(|gateway| gateway.coin().is_some()) {
        Some(coin) => Ok(rates(shop, account, coin).await.ok()),
        None => Ok(None),
    }
}

/// Opens an order that has no payment link: the white-label flow. Two round trips: one takes an address or reads settings, and
/// reads the endpoints, one commits. `begin` goes with the first of them and `along` with the second.
pub async fn place(
    shop: &Shop,
    account: &Account,
    draft: Draft,
    begin: Vec<Statement>,
    along: Along<'_, Order>,
) -> Outcome<Order> {
    // Before an address is used up.
    let rates = worth(shop, account, draft.gateway, draft.price).await?;
    let mut statements = vec![webhook::sql::enabled(account.id), policy::of(account.id)];
    let taking = draft.gateway.of(account).takes(account.id, &Reservation::Order);
    let taken = 2..2 + taking.len();
    statements.extend(taking);
    statements.extend(begin);
    if let Some(rates) = rates.as_ref().filter(|_| draft.gateway.coin().is_some()) {
        statements.push(enough(account, draft.gateway, draft.price, rates)?);
    }
    let rows = match (account.db(shop)?.commit(statements).await, &rates) {
        (Err(no), Some(rates)) if no.is_stale() => {
            return Err(is_too_small(shop, account, draft.gateway, draft.price, rates).await);
        }
        (rows, _) => rows?,
    };
    let [endpoints, policy, ..] = rows.as_slice() else {
        return Err(Fault("two answers were expected".into()).into());
    };
    let ready = Ready { endpoints, policy, taken: rows.get(taken).unwrap_or_default(), rates };
    commit(shop, account, draft, ready, along).await?.map_err(|no| match no.is_stale() {
        // Its idempotency key went to another runner: it took too long.
        true => Refusal::RequestInProgress.into(),
        false => no.into(),
    })
}

/// What the first commit of an order answered.
pub struct Ready<'a> {
    pub endpoints: &'a [Row],
    pub policy: &'a [Row],
    /// The answers to `PaymentGateway::takes`.
    pub taken: &'a [Vec<Row>],
    pub rates: Option<Rates>,
}

/// Prices the draft, opens its payment and commits it as an order with the webhooks it owes. The inner error is a commit that
/// another one came before, or that one of `along` refused.
pub async fn commit(
    shop: &Shop,
    account: &Account,
    draft: Draft,
    ready: Ready<'_>,
    along: Along<'_, Order>,
) -> Outcome<Result<Order, CommitError>> {
    let policy = match ready.policy.first() {
        Some(row) => {
            let (policy, disabled_at) = row.read(|row| Ok((Policy::read(row), row.maybe_int())))?;
            if disabled_at.is_some() {
                return Err(Refusal::AccountDisabled.into());
            }
            policy
        }
        None => Policy::default(),
    };
    let opened = draft.gateway.of(account).open(GatewayContext { shop, account }, draft.request(), ready.taken).await?;
    let now = shop.now();
    let mut order = price(account, draft, opened, ready.rates.as_ref(), policy, now)?;
    let delay = schedule::delay(&order, now, shop.platform.settings.watch_seconds);
    order.watch_lease = delay.map(|delay| schedule::lease(now, delay));
    let endpoints = Endpoint::from_rows(ready.endpoints)?;
    let owed = webhook::owe(shop, account.id, &[Event::OrderCreated], &order, &endpoints)?;
    let mut statements = along(&order)?;
    statements.push(sql::insert(&order));
    statements.extend(owed.statements);
    if let Err(no) = account.db(shop)?.commit(statements).await {
        return Ok(Err(no));
    }
    let mut messages = webhook::messages(account, &owed.logs);
    messages.extend(delay.map(|delay| (schedule::message(account, &order), delay)));
    shop.enqueue(messages).await;
    Ok(Ok(order))
}

/// Opens a page at the draft's gateway, for an order that is there already.
pub async fn place_at(shop: &Shop, account: &Account, draft: &Draft) -> Outcome<PaymentPrompt> {
    let gateway = draft.gateway.of(account);
    let taken = account.db(shop)?.rows(gateway.takes(account.id, &Reservation::Order)).await?;
    gateway.open(GatewayContext { shop, account }, draft.request(), &taken).await
}

/// The price of one coin that this account quotes: the market's, less its spread. The buyer pays so much more coin.
pub fn rate(gateway: Gateway, price: Amount, rates: &Rates, policy: &Policy) -> Outcome<Decimal> {
    let currency = price.currency();
    let market = rates.price(currency).ok_or(Refusal::NoRateFor { gateway: gateway.name(), currency })?;
    Ok(market.less(policy.spread_basis_points).ok_or(Refusal::NotQuotable)?)
}

/// What a price is in coins.
pub fn quote(gateway: Gateway, price: Amount, rates: &Rates, policy: &Policy) -> Outcome<u64> {
    Ok(money::coin_value(price, rate(gateway, price, rates, policy)?).ok_or(Refusal::NotQuotable)?)
}

/// What holds a commit to a price that the account's wallet for this gateway can be paid. `is_too_small` says why it was refused.
pub fn enough(account: &Account, gateway: Gateway, price: Amount, rates: &Rates) -> Outcome<Statement> {
    Ok(wallet::takes_value(account.id, gateway, quote(gateway, price, rates, &Policy::default())?))
}

/// The refusal of a commit that `enough` held back.
pub async fn is_too_small(shop: &Shop, account: &Account, gateway: Gateway, price: Amount, rates: &Rates) -> Error {
    let least = wallet::least(shop, account, gateway).await;
    let rate = rate(gateway, price, rates, &Policy::default());
    match (least, rate) {
        // Something else held it back: another request under the same idempotency key.
        (Ok(least), Ok(rate)) if money::coin_value(price, rate).is_none_or(|value| value >= least) => {
            Refusal::RequestInProgress.into()
        }
        (Ok(least), Ok(rate)) => {
            // With a tenth more, since rates move until it is paid.
            let least = money::fiat_value(least + least / 10, rate, price.currency());
            let least = least.and_then(|amount| Amount::new(amount.minor() + 1, price.currency()));
            least.map_or(Refusal::NotQuotable, |least| Refusal::TooSmall { gateway: gateway.name(), least }).into()
        }
        (Err(fault), _) => fault.into(),
        (_, Err(error)) => error,
    }
}

fn price(
    account: &Account,
    draft: Draft,
    opened: PaymentPrompt,
    rates: Option<&Rates>,
    policy: Policy,
    now: i64,
) -> Outcome<Order> {
    let dollars = Currency::USD;
    let in_dollars = match rates {
        Some(rates) => rates
            .price(draft.price.currency())
            .and_then(|rate| rates.price(dollars).and_then(|dollar| money::cross(draft.price, rate, dollar, dollars))),
        None => Some((draft.price, Decimal::ONE)).filter(|_| draft.price.currency() == dollars),
    };
    let (invoice, session, confirmations) = match opened {
        PaymentPrompt::Address(address) => {
            let rates = rates.ok_or(Refusal::NotQuotable)?;
            let mut invoice = Invoice {
                address: address.text,
                index: Some(address.index),
                rate: rate(draft.gateway, draft.price, rates, &policy)?,
                rate_source: rates.source(draft.price.currency()),
                rate_at: rates.at,
                expires_at: now + policy.quote(),
                held_before: address.holds,
                cursor: address.cursor,
                ..Invoice::default()
            };
            invoice.value = invoice.marked(quote(draft.gateway, draft.price, rates, &policy)?);
            (invoice, None, address.confirmations)
        }
        PaymentPrompt::Page(session) => (Invoice::default(), Some(session), 0),
    };
    Ok(Order {
        account_id: account.id,
        id: draft.id,
        revision: 1,
        payment_id: draft.payment_id,
        product_id: draft.product_id,
        product_title: draft.product_title,
        buyer: draft.buyer,
        price: draft.price,
        quantity: draft.quantity,
        gateway: draft.gateway,
        confirmations_needed: draft.confirmations.unwrap_or(confirmations),
        risk_level: 0,
        status: Status::Unpaid,
        delivered: None,
        usd_value: in_dollars.map(|(amount, _)| amount),
        exchange_rate: in_dollars.map(|(_, rate)| rate),
        invoice,
        session,
        paid_value: 0,
        refunded_value: 0,
        strange: false,
        inquiry: false,
        policy,
        coupon_id: None,
        custom: draft.custom,
        return_url: draft.return_url,
        webhook_url: draft.webhook_url,
        test: account.test,
        watch_turn: 1,
        watch_lease: None,
        paid_at: None,
        created_at: now,
        updated_at: now,
    })
}
