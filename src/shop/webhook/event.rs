//! Events, and what they are about.

/// What can happen, by the names the reference gives; and what can happen to an endpoint, which is told to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    OrderCreated,
    OrderUpdated,
    OrderPaid,
    OrderBlocked,
    ProductOutOfStock,
    ProductStockWarning,
    FeedbackCreated,
    FeedbackUpdated,
    QueryCreated,
    QueryReplied,
    EndpointFailing,
    EndpointDisabled,
}

impl Event {
    pub const ALL: [Event; 12] = [
        Event::OrderCreated,
        Event::OrderUpdated,
        Event::OrderPaid,
        Event::OrderBlocked,
        Event::ProductOutOfStock,
        Event::ProductStockWarning,
        Event::FeedbackCreated,
        Event::FeedbackUpdated,
        Event::QueryCreated,
        Event::QueryReplied,
        Event::EndpointFailing,
        Event::EndpointDisabled,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Event::OrderCreated => "order:created",
            Event::OrderUpdated => "order:updated",
            Event::OrderPaid => "order:paid",
            Event::OrderBlocked => "order:blocked",
            Event::ProductOutOfStock => "product:out_of_stock",
            Event::ProductStockWarning => "product:stock_warning",
            Event::FeedbackCreated => "feedback:created",
            Event::FeedbackUpdated => "feedback:updated",
            Event::QueryCreated => "query:created",
            Event::QueryReplied => "query:replied",
            Event::EndpointFailing => "endpoint:failing",
            Event::EndpointDisabled => "endpoint:disabled",
        }
    }

    pub fn parse(name: &str) -> Option<Event> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// What an event is about. A dialect words its body (`App::serializers`).
pub trait Subject: 'static {
    fn id(&self) -> &str;

    /// A URL that is told besides the account's endpoints.
    fn own_url(&self) -> Option<&str> {
        None
    }
}
