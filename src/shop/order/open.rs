//! Opening an order: an address of its own and a quote, or a page of the gateway's; and the first webhook, in one commit.

use super::{
    Buyer, Draft, Order, Review, Status,
    cart::{self, Cart},
    schedule, sql,
};
use crate::{
    json,
    platform::{Row, Statement, first_answers},
    shop::{
        App, Error, Outcome, Refusal,
        account::{
            Account,
            policy::{self, Policy},
        },
        blocked::{self, Blocked},
        customer,
        error::{AccountRefusal, CatalogRefusal, GatewayRefusal, IdempotencyRefusal, OrderRefusal},
        fraud::{self, Inquiry, Judgement, Subject, Visitor},
        gateway::{
            Gateway, GatewayContext, Invoice, Open, PaymentPrompt, Reservation,
            exchange_rates::{self, Rates},
            wallet,
        },
        hold::{self, Item},
        id,
        money::{self, Amount, Currency, Decimal},
        prepared::{self, Prepared},
        stock::expired,
        text::email,
        time::{HOUR, MINUTE},
        webhook::{self, Endpoint, Event},
    },
};

/// The rates this account quotes from.
pub async fn rates(app: &App, account: &Account, gateway: Gateway) -> Outcome<Rates> {
    let coin = *gateway.coin().ok_or(GatewayRefusal::NotQuotable)?;
    if account.test {
        return Ok(exchange_rates::fixed(coin, app.now()));
    }
    Ok(exchange_rates::current(app, coin).await?)
}

/// The rates of a coin as they are known without asking anybody: what a link is checked by when it is made.
pub async fn known_rates(app: &App, account: &Account, gateway: Gateway) -> Option<Rates> {
    let coin = *gateway.coin()?;
    if account.test { Some(exchange_rates::fixed(coin, app.now())) } else { exchange_rates::known(app, coin).await }
}

/// Those of these gateways whose coins have no rate for a price in this currency now. Nobody is asked: it is what a page shows
/// before anything is chosen. A coin in which this deployment never quoted may well have one.
pub async fn without_rate(app: &App, account: &Account, gateways: &[Gateway], currency: Currency) -> Vec<Gateway> {
    if !account.test {
        return exchange_rates::stale(app, gateways, currency).await;
    }
    let is_priced = |coin| exchange_rates::fixed(coin, app.now()).price(currency).is_some();
    gateways.iter().copied().filter(|gateway| gateway.coin().is_some_and(|coin| !is_priced(*coin))).collect()
}

/// What the price of a draft is worth. Coins can't be asked for without a rate; on a page only the dollars are missing then.
pub async fn worth(app: &App, account: &Account, gateway: Gateway, price: Amount) -> Outcome<Option<Rates>> {
    if gateway.coin().is_some() && price.minor() > 0 {
        let rates = rates(app, account, gateway).await?;
        quote(gateway, price, &rates, &Policy::default())?;
        return Ok(Some(rates));
    }
    if price.currency() == Currency::USD {
        return Ok(None);
    }
    match Gateway::ALL.into_iter().find(|gateway| gateway.coin().is_some()) {
        Some(coin) => Ok(rates(app, account, coin).await.ok()),
        None => Ok(None),
    }
}

/// Opens an order that has no payment link: the white-label flow. Two commits: one takes an address or reads settings, and
/// reads the endpoints, and `begin` goes with it; the other one is what is prepared.
pub async fn place(app: &App, account: &Account, draft: Draft, begin: Vec<Statement>) -> Outcome<Prepared<Order>> {
    // Before an address is used up.
    let rates = worth(app, account, draft.gateway, draft.price).await?;
    let inquiry = inquiry(app, &draft.buyer, &draft.visitor).await;
    let coupon_id = draft.item.as_ref().and_then(|item| item.coupon_id.as_deref());
    let look = inquiry.look(app, account, Subject::Product { id: &draft.product_id, coupon_id });
    let mut statements = vec![webhook::sql::enabled(account.id), policy::of(account.id), look];
    let taking = match draft.is_free() {
        true => Vec::new(),
        false => draft.gateway.of(account).reserve(account.id, &Reservation::Order(Open::of(app))),
    };
    let takes = taking.len();
    statements.extend(taking);
    statements.extend(begin);
    let mut first = Prepared::new(account.db(app)?, (), statements);
    if let Some(rates) = rates.as_ref().filter(|_| draft.gateway.coin().is_some() && !draft.is_free()) {
        first = worth_taking(first, account, draft.gateway, draft.price, rates)?;
    }
    let gateway = draft.gateway;
    let full = first.on_broken("wallets_open", FULL).commit(app, Vec::new()).await;
    let (_, rows) = full.map_err(|error| match error {
        Error::Refused(Refusal::Gateway(FULL)) => wallet::full(app, account, gateway).into(),
        error => error,
    })?;
    let ([endpoints, policy, known], mut reserved) = first_answers(rows)?;
    reserved.truncate(takes);
    let undo = wallet::unreserve(app, account, draft.gateway, &reserved)?;
    let ready = Ready { endpoints, policy, inquiry, known, reserved, rates };
    match prepare(app, account, draft, ready).await {
        // Its idempotency key went to another runner: it took too long.
        Ok(prepared) => Ok(prepared.on_stale(IdempotencyRefusal::InProgress).or_undo(undo)),
        Err(error) => {
            prepared::undo(app, &*account.db(app)?, undo.into_iter().collect()).await;
            Err(error)
        }
    }
}

/// What `wallet::full` says with a line in the log.
const FULL: GatewayRefusal = GatewayRefusal::TooManyOpen { retry_after: 60 };

/// What the first commit of an order answered.
pub struct Ready {
    pub endpoints: Vec<Row>,
    pub policy: Vec<Row>,
    /// What was asked about the attempt, and the answer.
    pub inquiry: Inquiry,
    pub known: Vec<Row>,
    /// The answers to `PaymentGateway::takes`.
    pub reserved: Vec<Vec<Row>>,
    pub rates: Option<Rates>,
}

/// Prices the draft and opens its payment: an order with the webhooks it owes, ready to be committed.
pub async fn prepare(app: &App, account: &Account, mut draft: Draft, ready: Ready) -> Outcome<Prepared<Order>> {
    // As it is judged.
    draft.buyer.country_code = ready.inquiry.country.clone();
    let policy = match ready.policy.first() {
        Some(row) => {
            let (policy, disabled_at) = row.read(|row| Ok((Policy::read(row), row.maybe_int())))?;
            if disabled_at.is_some() {
                return Err(AccountRefusal::Disabled.into());
            }
            policy
        }
        None => Policy::default(),
    };
    let endpoints = Endpoint::from_rows(&ready.endpoints)?;
    let in_dollars = in_dollars(draft.price, ready.rates.as_ref());
    let known = ready.known.first().ok_or(Refusal::NotFound)?;
    let attempt = draft.attempt_to_buy(in_dollars.map(|(amount, _)| amount));
    let judgement = ready.inquiry.judge(app, account, known, &attempt).await?;
    if judgement.reasons.outcome == fraud::Outcome::Blocked {
        return Err(block(app, account, draft, judgement, &endpoints).await?.into());
    }
    let opened = if draft.is_free() {
        PaymentPrompt::Free
    } else {
        draft.gateway.of(account).open(GatewayContext { app, account }, draft.request(), &ready.reserved).await?
    };
    let now = app.now();
    let mut order = price(account, draft, opened, ready.rates.as_ref(), policy, now)?;
    order.risk_level = judgement.reasons.risk_level;
    if judgement.reasons.outcome == fraud::Outcome::Review {
        (order.status, order.review) = (Status::HighRisk, Review::Held);
    }
    let delay = schedule::delay(&order, now, app.platform.settings.watch_seconds);
    order.sync_lease = delay.map(|delay| schedule::lease(now, delay));
    let owed = webhook::outbox_entries(app, account.id, &[Event::OrderCreated], &order, &endpoints)?;
    let mut statements = hold(&order, now);
    statements.insert(0, sql::insert(&order, &judgement));
    statements.extend(owed.statements);
    let mut messages = webhook::messages(account, &owed.logs);
    let mut more = Vec::new();
    if let Some(email) = &order.buyer.email {
        more.push(customer::ordered(app, account.id, email, &order.id, &endpoints)?);
    }
    if cart::is_cart(&order) {
        let cart = Cart::of(app, &order);
        more.push(webhook::outbox_entries(app, account.id, &[Event::CartCreated], &cart, &endpoints)?);
    }
    for owed in more {
        messages.extend(webhook::messages(account, &owed.logs));
        statements.extend(owed.statements);
    }
    messages.extend(delay.map(|delay| (schedule::message(account, &order), delay)));
    Ok(Prepared::new(account.db(app)?, order, statements)
        .sending(messages)
        .on_broken("products_stock", CatalogRefusal::OutOfStock)
        .on_broken("order_fits", CatalogRefusal::OrderTooLarge)
        .on_broken("coupon_is_free", CatalogRefusal::CouponNotValid))
}

/// So long an order that costs nothing keeps its hold, in milliseconds, should its completion be late.
const FREE: i64 = 10 * MINUTE;

/// So long after it was made an order that nobody has paid may take its hold anew, in milliseconds. Who pays later takes what is
/// left then: otherwise one buyer who never pays could keep the stock from all others.
const ANEW: i64 = 2 * HOUR;
/// The same of an order that was paid in part, or is paid on a gateway's page, whose window is as long.
const ANEW_LONG: i64 = 25 * HOUR;

/// Until when an order that waits for its payment keeps its hold. Its first window is whole, and no other ends so late. One that
/// begins later is over at once: it finds out whether there is anything left, and keeps it from nobody.
pub fn hold_until(order: &Order, now: i64) -> i64 {
    let until = hold::until(order.session.as_ref(), order.invoice.expires_at, now);
    let first = now <= order.created_at;
    let long = order.session.is_some() || order.payment_status() == Status::PartiallyPaid;
    let window = if long { ANEW_LONG } else { ANEW.max(order.policy.quote()) };
    let last = order.created_at + window + hold::GRACE_PERIOD;
    if first { until } else { until.min(last).max(now) }
}

/// What the order keeps from other buyers until its payment window closes. It stands behind the order in its commit.
pub fn hold(order: &Order, now: i64) -> Vec<Statement> {
    // Who has paid a part keeps the price; the use of the coupon may be another's by now.
    let item = order.item.as_ref().map(|item| match order.status {
        Status::PartiallyPaid => Item { coupon_id: None, ..item.clone() },
        _ => item.clone(),
    });
    let Some(item) = item.filter(Item::holds) else { return Vec::new() };
    let until = match order.price.minor() == 0 {
        // It has no price that could run out: it is complete in a moment, or its seller looks at it first.
        true if order.status == Status::HighRisk => hold::confirming(now),
        true => now + FREE,
        false => hold_until(order, now),
    };
    let email = order.buyer.email.as_deref();
    let key = email.map(email::key);
    let need = expired::Need {
        units: item.units,
        coupon_id: item.coupon_id.as_deref(),
        email: key.as_deref(),
        ..expired::Need::default()
    };
    let release = expired::release(order.account_id, &order.product_id, &need, now);
    let place = hold::place(order.account_id, &order.id, &order.product_id, &item, email, until);
    vec![release, place]
}

/// Opens a page at the draft's gateway, for an order that is there already.
pub async fn place_at(app: &App, account: &Account, draft: &Draft) -> Outcome<PaymentPrompt> {
    let gateway = draft.gateway.of(account);
    let reserved = account.db(app)?.rows(gateway.reserve(account.id, &Reservation::Order(Open::of(app)))).await?;
    gateway.open(GatewayContext { app, account }, draft.request(), &reserved).await
}

/// The price of one coin that this account quotes: the market's, less its spread. The buyer pays so much more coin.
pub fn rate(gateway: Gateway, price: Amount, rates: &Rates, policy: &Policy) -> Outcome<Decimal> {
    let currency = price.currency();
    let market = rates.price(currency).ok_or(GatewayRefusal::NoRateFor { gateway: gateway.name(), currency })?;
    Ok(market.less(policy.spread_basis_points).ok_or(GatewayRefusal::NotQuotable)?)
}

/// What a price is in coins.
pub fn quote(gateway: Gateway, price: Amount, rates: &Rates, policy: &Policy) -> Outcome<u64> {
    Ok(money::coin_value(price, rate(gateway, price, rates, policy)?).ok_or(GatewayRefusal::NotQuotable)?)
}

/// Holds the commit to a price that the account's wallet for this gateway can be paid.
pub fn worth_taking<T>(
    prepared: Prepared<T>,
    account: &Account,
    gateway: Gateway,
    price: Amount,
    rates: &Rates,
) -> Outcome<Prepared<T>> {
    let rate = rate(gateway, price, rates, &Policy::default())?;
    let value = money::coin_value(price, rate).ok_or(GatewayRefusal::NotQuotable)?;
    let least = wallet::least(account.id, gateway);
    Ok(prepared.guarded(wallet::takes_value(account.id, gateway, value)).why_stale(least, move |rows| {
        let least = wallet::least_row(rows)?;
        // Something else held it back: another request under the same idempotency key.
        if value >= least {
            return Ok(Refusal::Idempotency(IdempotencyRefusal::InProgress));
        }
        Ok(too_small(gateway, least, Some(rate), price.currency()))
    }))
}

/// What a price is in dollars, and the dollars for one of its currency; `None` without a rate.
fn in_dollars(price: Amount, rates: Option<&Rates>) -> Option<(Amount, Decimal)> {
    let (currency, dollars) = (price.currency(), Currency::USD);
    match rates {
        Some(rates) => money::cross(price, rates.price(currency)?, rates.price(dollars)?, dollars),
        None => Some((price, Decimal::ONE)).filter(|_| currency == dollars),
    }
}

/// What is asked about the buyer of an order.
pub async fn inquiry(app: &App, buyer: &Buyer, visitor: &Visitor) -> Inquiry {
    let Buyer { email, ip_address, country_code, .. } = buyer;
    Inquiry::of(app, email.as_deref(), ip_address.as_deref(), country_code.as_deref(), visitor).await
}

/// Keeps the attempt, and tells its seller of it. What the buyer is told is its number and nothing else: whoever is refused for
/// something must not learn for what.
async fn block(
    app: &App,
    account: &Account,
    draft: Draft,
    judgement: Judgement,
    endpoints: &[Endpoint],
) -> Outcome<Refusal> {
    let Buyer { email, ip_address, country_code, user_agent, .. } = draft.buyer;
    let blocked = Blocked {
        id: id::short(app.random()),
        payment_id: draft.payment_id,
        product_id: draft.product_id,
        product_title: draft.product_title,
        email,
        ip_address,
        network: judgement.network,
        country_code,
        user_agent,
        price: draft.price,
        quantity: draft.quantity,
        gateway: draft.gateway,
        facts: json::to_text(&judgement.facts),
        reasons: judgement.reasons,
        test: account.test,
        created_at: app.now(),
    };
    let owed = webhook::outbox_entries(app, account.id, &[Event::OrderBlocked], &blocked, endpoints)?;
    let mut statements = vec![blocked::sql::insert(account.id, &blocked)];
    statements.extend(owed.statements);
    account.db(app)?.commit(statements).await.map_err(|no| no.into_fault())?;
    app.enqueue(webhook::messages(account, &owed.logs)).await;
    Ok(OrderRefusal::Blocked(blocked.id).into())
}

/// The refusal of a price that is worth less than `least` of the gateway's coin at this rate.
pub fn too_small(gateway: Gateway, least: u64, rate: Option<Decimal>, currency: Currency) -> Refusal {
    // With a tenth more, since rates move until it is paid.
    let least = rate.and_then(|rate| money::fiat_value(least + least / 10, rate, currency));
    let least = least.and_then(|amount| Amount::new(amount.minor() + 1, currency));
    least.map_or(Refusal::Gateway(GatewayRefusal::NotQuotable), |least| {
        Refusal::Gateway(GatewayRefusal::TooSmall { gateway: gateway.name(), least })
    })
}

fn price(
    account: &Account,
    draft: Draft,
    opened: PaymentPrompt,
    rates: Option<&Rates>,
    policy: Policy,
    now: i64,
) -> Outcome<Order> {
    let in_dollars = in_dollars(draft.price, rates);
    let (invoice, session, confirmations) = match opened {
        PaymentPrompt::Address(address) => {
            let rates = rates.ok_or(GatewayRefusal::NotQuotable)?;
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
            invoice.value = invoice.tagged(quote(draft.gateway, draft.price, rates, &policy)?);
            (invoice, None, address.confirmations)
        }
        PaymentPrompt::Page(session) => (Invoice::default(), Some(session), 0),
        PaymentPrompt::Free => (Invoice::default(), None, 0),
    };
    Ok(Order {
        account_id: account.id,
        seq: 0,
        id: draft.id,
        revision: 1,
        origin: draft.origin,
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
        item: draft.item,
        delivery: None,
        delivered: None,
        accepted: false,
        review: Review::None,
        usd_value: in_dollars.map(|(amount, _)| amount),
        exchange_rate: in_dollars.map(|(_, rate)| rate),
        invoice,
        session,
        paid_value: 0,
        refunded_value: 0,
        wrong_currency: false,
        inquiry: false,
        policy,
        custom: draft.custom,
        return_url: draft.return_url,
        webhook_url: draft.webhook_url,
        webhook_dialect: draft.webhook_dialect,
        product_seq: None,
        custom_names: None,
        transaction_id: None,
        disputed_at: None,
        product: None,
        test: account.test,
        downloads: 0,
        abandoned_at: None,
        sync_generation: 1,
        sync_lease: None,
        paid_at: None,
        created_at: now,
        updated_at: now,
    })
}
