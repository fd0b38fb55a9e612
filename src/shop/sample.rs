//! Samples of events, for the simulator and for endpoints that come back: of each noun one, in the dialect's own words.

use super::{
    App,
    account::{Account, policy::Policy},
    blacklist,
    blocked::Blocked,
    coupon::{Coupon, Discount, Terms},
    customer::Customer,
    feedback::{Feedback, Rating},
    fraud::{Decider, Listed, Outcome, Reasons, Sign, Weights},
    gateway::{self, Invoice},
    id,
    money::{Amount, Currency, Decimal},
    order::{Buyer, Order, Review, Status, cart::Cart},
    product::{
        Kind, Product,
        event::{Changed, Removed},
    },
    query::{self, Query, Reply, Side},
    time::{DAY, MINUTE},
    webhook::{DISABLE_AFTER, Dialect, Endpoint, Event, Subject, simulate::Sample},
};
use crate::platform::Fault;

/// A sample of this event.
pub fn of(app: &App, account: &Account, dialect: Dialect, event: Event) -> Result<Sample, Fault> {
    let told = (app, dialect, event);
    let of_order = |status| worded(told, &order(app, account, status)?);
    match event {
        Event::OrderCreated => of_order(Status::Unpaid),
        Event::OrderUpdated => of_order(Status::AwaitingConfirmations),
        Event::OrderPaid => of_order(Status::Completed),
        Event::OrderDisputed => of_order(Status::Reversed),
        Event::OrderBlocked => worded(told, &blocked(app, account, &order(app, account, Status::Unpaid)?)),
        Event::ProductOutOfStock | Event::ProductStockWarning => {
            worded(told, &Product { account_id: account.id, ..product(app)? })
        }
        Event::FeedbackCreated => worded(told, &feedback(app, "")),
        Event::FeedbackUpdated => worded(told, &feedback(app, "Thank you!")),
        Event::QueryCreated => worded(told, &query(app, None)),
        Event::QueryReplied => worded(told, &query(app, Some("Yes, it does."))),
        Event::EndpointFailing => worded(told, &endpoint(app, true)),
        Event::EndpointDisabled => worded(told, &endpoint(app, false)),
        Event::ProductCreated => worded(told, &product(app)?),
        Event::ProductUpdated => worded(told, &Changed { before: product(app)?, after: product(app)? }),
        Event::ProductDeleted => worded(told, &Removed(product(app)?)),
        Event::CouponCreated | Event::CouponUpdated => worded(told, &coupon(app)),
        Event::CustomerCreated | Event::CustomerUpdated | Event::CustomerDeleted => {
            let customer = customer(&order(app, account, Status::Completed)?);
            let payload = app.serializers.payload(dialect, event, &customer)?;
            Ok(Sample { subject_id: customer.email, payload })
        }
        Event::CartCreated => worded(told, &Cart::of(app, &order(app, account, Status::Unpaid)?)),
        Event::CartAbandoned => {
            let order = order(app, account, Status::Unpaid)?;
            worded(told, &Cart::of(app, &Order { abandoned_at: Some(app.now()), ..order }))
        }
        // Whoever registers for these is asked with a message of the dialect's own.
        Event::StockChanged
        | Event::StockTrackingStarted
        | Event::StockTrackingStopped
        | Event::AccountUpdated
        | Event::KeyReplaced
        | Event::AppDisconnected
        | Event::EndpointTest => Err(Fault(format!("there is no sample of {}", event.name()))),
    }
}

fn worded<T: Subject>((app, dialect, event): (&App, Dialect, Event), subject: &T) -> Result<Sample, Fault> {
    let payload = app.serializers.payload(dialect, event, subject)?;
    Ok(Sample { subject_id: subject.id().to_owned(), payload })
}

/// An attempt to buy it that an entry of the blacklist refused.
fn blocked(app: &App, account: &Account, order: &Order) -> Blocked {
    let entry = Listed {
        id: id::short(app.random()),
        blacklist_type: blacklist::Kind::Email as i64,
        blocked_data: order.buyer.email.clone().unwrap_or_default(),
    };
    let weights = Weights::default().all();
    Blocked {
        id: id::short(app.random()),
        payment_id: order.payment_id.clone(),
        product_id: order.product_id.clone(),
        product_title: order.product_title.clone(),
        email: order.buyer.email.clone(),
        ip_address: order.buyer.ip_address.clone(),
        network: None,
        country_code: order.buyer.country_code.clone(),
        user_agent: order.buyer.user_agent.clone(),
        price: order.price,
        quantity: order.quantity,
        gateway: order.gateway,
        facts: "{}".into(),
        reasons: Reasons {
            outcome: Outcome::Blocked,
            by: Some(Decider::Blacklist { id: entry.id.clone() }),
            risk_level: 0,
            max_risk_level: 30,
            vpn_block: false,
            signals: weights.map(|(name, weight)| Sign { name, weight, raised: None }).collect(),
            rules: Vec::new(),
            entries: vec![entry],
            hidden: false,
            card: None,
        },
        test: account.test,
        created_at: app.now(),
    }
}

/// Who bought it, and nothing else.
fn customer(order: &Order) -> Customer {
    Customer {
        id: 1,
        email: order.buyer.email.clone().unwrap_or_default(),
        orders: 1,
        paid_orders: 1,
        paid_value: order.price.minor(),
        first_order_id: order.id.clone(),
        first_order_at: order.created_at,
        last_order_id: order.id.clone(),
        last_order_at: order.created_at,
        updated_at: order.updated_at,
    }
}

fn coupon(app: &App) -> Coupon {
    let now = app.now();
    let terms = Terms {
        code: "EXAMPLE15".into(),
        discount: Discount::Percent(1_500),
        product_ids: Vec::new(),
        max_uses: Some(100),
        max_uses_per_email: None,
        minimum: None,
        starts_at: None,
        expires_at: Some(now + 30 * DAY),
    };
    Coupon { id: id::short(app.random()), terms, uses: 0, created_at: now, updated_at: now }
}

/// The last of its serials was sold.
fn product(app: &App) -> Result<Product, Fault> {
    let (blank, now) = (Product::blank()?, app.now());
    Ok(Product {
        id: PRODUCT_ID.into(),
        title: PRODUCT_TITLE.into(),
        description: "A key for the example app.".into(),
        price: Amount::new(1_299, blank.price.currency()).unwrap_or(blank.price),
        kind: Kind::Serials,
        gateways: "bitcoin,paypal".into(),
        created_at: now - 30 * DAY,
        updated_at: now,
        ..blank
    })
}

fn endpoint(app: &App, enabled: bool) -> Endpoint {
    let now = app.now();
    let disabled_at = Some(now).filter(|_| !enabled);
    Endpoint {
        id: id::snowflake(now, app.random()),
        url: "https://example.com/webhooks".into(),
        events: vec![Event::OrderPaid],
        enabled,
        created_at: now - 30 * DAY,
        updated_at: disabled_at.unwrap_or(now - 30 * DAY),
        failing_since: Some(now - if enabled { DAY } else { DISABLE_AFTER }),
        disabled_at,
        disabled_reason: disabled_at.map(|_| "failing".into()),
        receiver: Default::default(),
        dialect: Dialect::V2,
        signing_key: None,
        contact_email: None,
        app_id: None,
    }
}

fn feedback(app: &App, response: &str) -> Feedback {
    let now = app.now();
    Feedback {
        seq: 0,
        id: id::short(app.random()),
        order_id: id::uuid(app.random()),
        product_id: PRODUCT_ID.into(),
        product_title: PRODUCT_TITLE.into(),
        rating: Rating::Positive,
        stars: 5,
        comment: "Works as described.".into(),
        response: response.into(),
        created_at: if response.is_empty() { now } else { now - 10 * MINUTE },
        updated_at: now,
    }
}

fn query(app: &App, reply: Option<&str>) -> Query {
    let now = app.now();
    let message = "Does it work without a network?";
    let replies: Vec<Reply> = reply
        .map(|message| Reply {
            id: id::short(app.random()),
            from: Side::Seller,
            message: message.into(),
            created_at: now,
        })
        .into_iter()
        .collect();
    Query {
        id: id::short(app.random()),
        order_id: Some(id::uuid(app.random())),
        status: if replies.is_empty() { query::Status::Open } else { query::Status::Replied },
        subject: "A question".into(),
        email: "customer@example.com".into(),
        message: message.into(),
        replies_count: u32::from(reply.is_some()),
        size: 0,
        created_at: if replies.is_empty() { now } else { now - 10 * MINUTE },
        updated_at: now,
        replies,
    }
}

/// The reference's example.
const PRODUCT_ID: &str = "06e53c79";
const PRODUCT_TITLE: &str = "Example Product";

/// $12.99 at $50,000 a bitcoin, paid to an address of BIP 84's example wallet on a test network: no coin can go there.
fn order(app: &App, account: &Account, status: Status) -> Result<Order, Fault> {
    let odd = || Fault("the sample order can't be made".into());
    let number = |text: &str| Decimal::parse(text).map_err(|_| odd());
    let now = app.now();
    let price = Amount::new(1_299, Currency::USD).ok_or_else(odd)?;
    let value = 25_980;
    let (paid, created_at) = (status == Status::Completed, now - 10 * MINUTE);
    let created_at = if status == Status::Unpaid { now } else { created_at };
    Ok(Order {
        account_id: account.id,
        seq: 0,
        id: id::uuid(app.random()),
        revision: 1,
        payment_id: None,
        product_id: PRODUCT_ID.into(),
        product_title: PRODUCT_TITLE.into(),
        buyer: Buyer {
            email: Some("customer@example.com".into()),
            ip_address: Some("203.0.113.7".into()),
            country_code: Some("SE".into()),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".into()),
            referral: None,
        },
        price,
        quantity: 1,
        gateway: gateway::bitcoin::GATEWAY,
        confirmations_needed: 1,
        risk_level: 0,
        status,
        item: None,
        delivery: None,
        origin: String::new(),
        delivered: Some("EXAMPLE-SERIAL-1".into()).filter(|_| paid),
        accepted: false,
        review: Review::None,
        downloads: 0,
        abandoned_at: None,
        usd_value: Some(price),
        exchange_rate: Some(number("1")?),
        invoice: Invoice {
            value,
            address: "tb1qcr8te4kr609gcawutmrza0j4xv80jy8zmfp6l0".into(),
            index: Some(0),
            received: if status == Status::Unpaid { 0 } else { value },
            confirmations: u32::from(paid),
            rate: number("50000")?,
            rate_source: "sample".into(),
            rate_at: created_at,
            expires_at: created_at + 20 * MINUTE,
            ..Invoice::default()
        },
        session: None,
        paid_value: 0,
        refunded_value: 0,
        wrong_currency: false,
        inquiry: false,
        policy: Policy::default(),
        custom: Some(r#"{"0":"ada"}"#.into()),
        return_url: None,
        webhook_url: None,
        webhook_dialect: Dialect::V2,
        product_seq: None,
        custom_names: None,
        transaction_id: None,
        disputed_at: None,
        product: None,
        test: account.test,
        sync_generation: 0,
        sync_lease: None,
        paid_at: Some(now).filter(|_| paid),
        created_at,
        updated_at: now,
    })
}
