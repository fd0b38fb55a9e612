//! Events, what they are about, and the dialects that tell them.

/// What can happen. A dialect has its own name for each that it tells (`App::serializers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    OrderCreated,
    OrderUpdated,
    OrderPaid,
    OrderBlocked,
    /// Its money went away against the seller's will: a dispute, a chargeback, coins that vanished.
    OrderDisputed,
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    ProductOutOfStock,
    ProductStockWarning,
    /// A sale, or the seller, has changed how many are left.
    StockChanged,
    /// A product that was without end has a number in stock from now on.
    StockTrackingStarted,
    StockTrackingStopped,
    FeedbackCreated,
    FeedbackUpdated,
    QueryCreated,
    QueryReplied,
    CustomerCreated,
    CustomerUpdated,
    CustomerDeleted,
    CouponCreated,
    CouponUpdated,
    CartCreated,
    CartAbandoned,
    /// The settings of the shop.
    AccountUpdated,
    /// The API key.
    KeyReplaced,
    /// A seller has taken an app its access.
    AppDisconnected,
    EndpointFailing,
    EndpointDisabled,
    /// Nothing has happened: whoever registers an endpoint shows that it answers.
    EndpointTest,
}

impl Event {
    pub const ALL: [Event; 30] = [
        Event::OrderCreated,
        Event::OrderUpdated,
        Event::OrderPaid,
        Event::OrderBlocked,
        Event::OrderDisputed,
        Event::ProductCreated,
        Event::ProductUpdated,
        Event::ProductDeleted,
        Event::ProductOutOfStock,
        Event::ProductStockWarning,
        Event::StockChanged,
        Event::StockTrackingStarted,
        Event::StockTrackingStopped,
        Event::FeedbackCreated,
        Event::FeedbackUpdated,
        Event::QueryCreated,
        Event::QueryReplied,
        Event::CustomerCreated,
        Event::CustomerUpdated,
        Event::CustomerDeleted,
        Event::CouponCreated,
        Event::CouponUpdated,
        Event::CartCreated,
        Event::CartAbandoned,
        Event::AccountUpdated,
        Event::KeyReplaced,
        Event::AppDisconnected,
        Event::EndpointFailing,
        Event::EndpointDisabled,
        Event::EndpointTest,
    ];

    /// As the database has it. Those that v2 tells are named as the reference names them.
    pub fn name(self) -> &'static str {
        match self {
            Event::OrderCreated => "order:created",
            Event::OrderUpdated => "order:updated",
            Event::OrderPaid => "order:paid",
            Event::OrderBlocked => "order:blocked",
            Event::OrderDisputed => "order:disputed",
            Event::ProductCreated => "product:created",
            Event::ProductUpdated => "product:updated",
            Event::ProductDeleted => "product:deleted",
            Event::ProductOutOfStock => "product:out_of_stock",
            Event::ProductStockWarning => "product:stock_warning",
            Event::StockChanged => "stock:changed",
            Event::StockTrackingStarted => "stock:tracking_started",
            Event::StockTrackingStopped => "stock:tracking_stopped",
            Event::FeedbackCreated => "feedback:created",
            Event::FeedbackUpdated => "feedback:updated",
            Event::QueryCreated => "query:created",
            Event::QueryReplied => "query:replied",
            Event::CustomerCreated => "customer:created",
            Event::CustomerUpdated => "customer:updated",
            Event::CustomerDeleted => "customer:deleted",
            Event::CouponCreated => "coupon:created",
            Event::CouponUpdated => "coupon:updated",
            Event::CartCreated => "cart:created",
            Event::CartAbandoned => "cart:abandoned",
            Event::AccountUpdated => "account:updated",
            Event::KeyReplaced => "account:key_replaced",
            Event::AppDisconnected => "app:disconnected",
            Event::EndpointFailing => "endpoint:failing",
            Event::EndpointDisabled => "endpoint:disabled",
            Event::EndpointTest => "endpoint:test",
        }
    }

    pub fn parse(name: &str) -> Option<Event> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// Whose words a webhook is in, and how it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    #[default]
    V2,
    Shoppy,
    Pusher,
    Pago,
}

impl Dialect {
    pub const ALL: [Dialect; 4] = [Dialect::V2, Dialect::Shoppy, Dialect::Pusher, Dialect::Pago];

    /// As the database has it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::V2 => "v2",
            Dialect::Shoppy => "shoppy",
            Dialect::Pusher => "pusher",
            Dialect::Pago => "pago",
        }
    }

    /// What another version wrote that knew more of them is told in v2's words.
    pub fn of_name(name: &str) -> Dialect {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name).unwrap_or_default()
    }
}

/// Which of an account's endpoints an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    All,
    /// Those that were registered with the API key.
    OfKey,
    /// Those that this app registered.
    OfApp(&'a str),
}

impl Audience<'_> {
    /// Whether an endpoint of this app, or of none, is one of them.
    pub fn has(self, app_id: Option<&str>) -> bool {
        match self {
            Audience::All => true,
            Audience::OfKey => app_id.is_none(),
            Audience::OfApp(id) => app_id == Some(id),
        }
    }
}

/// What an event is about. Each dialect that tells the event words it (`App::serializers`).
pub trait Subject: 'static {
    fn id(&self) -> &str;

    /// A URL that is told besides the account's endpoints.
    fn own_url(&self) -> Option<&str> {
        None
    }

    /// The dialect that this URL is told in.
    fn own_dialect(&self) -> Dialect {
        Dialect::V2
    }

    fn audience(&self) -> Audience<'_> {
        Audience::All
    }
}

/// What a destination is tried out with.
pub struct Test;

impl Subject for Test {
    fn id(&self) -> &str {
        "test"
    }
}

/// What the envelope of a webhook can say beside its payload.
pub struct Envelope<'a> {
    pub account_id: i64,
    /// The log's; a repetition has the first log's, so that a receiver knows that it had it.
    pub log_id: &'a str,
    pub event: Event,
    /// When it happened, in milliseconds; for a repetition, when that was made.
    pub at: i64,
    /// JSON, as the dialect's form has worded it.
    pub payload: &'a str,
}
