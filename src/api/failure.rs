//! Answers that aren't what was asked for, in the words of the contract.

use serde::Serialize;

use crate::{
    http::{NotRead, Response},
    json,
    platform::Fault,
    shop::{
        Error, Refusal,
        error::{
            AccountRefusal, BlacklistRefusal, CatalogRefusal, FeedbackRefusal, GatewayRefusal, IdempotencyRefusal,
            OrderRefusal, PaymentRefusal, QueryRefusal, ScriptRefusal, WebhookRefusal,
        },
        order::delivery::MAX_BYTES as MAX_GOODS,
        rule,
        script::MAX as MAX_SCRIPTS,
        stock::{MAX_SERIALS, State, Taken, file::MAX_STOCK_BYTES},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub status: u16,
    pub kind: FailureKind,
    pub message: String,
    /// Validation: full sentences, all of them, in field order.
    pub errors: Vec<String>,
    /// Where a blacklist rule is wrong, for editors.
    pub rule_error: Option<Box<rule::RuleError>>,
    pub headers: Vec<(&'static str, String)>,
    /// For the operator's log; never on the wire.
    pub fault: Option<Fault>,
}

/// What a failure is to the code that called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A change of what the request was to change came first: the same request may succeed now.
    Conflict,
    /// A request under the same idempotency key came first, and is not finished.
    RequestInProgress,
    /// The credentials are missing or wrong.
    Unauthenticated,
    Other,
}

impl Failure {
    pub fn new(status: u16, message: &str) -> Failure {
        let (message, kind) = (message.to_owned(), FailureKind::Other);
        Failure { status, kind, message, errors: Vec::new(), rule_error: None, headers: Vec::new(), fault: None }
    }

    fn overtaken(kind: FailureKind, message: &str) -> Failure {
        Failure { kind, ..Failure::new(409, message) }
    }

    pub fn validation(errors: Vec<String>) -> Failure {
        Failure { errors, ..Failure::new(400, "Validation failed") }
    }

    /// Validation with one sentence.
    pub fn invalid(sentence: &str) -> Failure {
        Failure::validation(vec![sentence.to_owned()])
    }

    pub fn not_found() -> Failure {
        Failure::new(404, "The specified resource could not be found")
    }

    pub fn forbidden() -> Failure {
        Failure::new(403, "You are not authorized to perform this action")
    }

    /// Try again in so many seconds.
    fn unavailable(message: &str, seconds: u32) -> Failure {
        let mut failure = Failure::new(503, message);
        failure.headers.push(("retry-after", seconds.to_string()));
        failure
    }

    pub fn unauthenticated(scheme: &str) -> Failure {
        let mut failure = Failure { kind: FailureKind::Unauthenticated, ..Failure::new(401, "Unable to authenticate") };
        failure.headers.push(("www-authenticate", scheme.to_owned()));
        failure
    }

    /// The path exists; `allow` lists what it takes.
    pub fn not_allowed(allow: &str) -> Failure {
        let mut failure = Failure::new(405, "This method is not allowed here");
        failure.headers.push(("allow", allow.to_owned()));
        failure
    }

    pub fn into_response(self, request_id: &str) -> Response {
        let body = Body {
            message: &self.message,
            errors: &self.errors,
            rule_error: self.rule_error.as_deref().map(RuleError::from),
            request_id: if self.status == 500 { request_id } else { "" },
        };
        let json = json::to_text(&body);
        let mut response = Response::json(self.status, json);
        response.headers.extend(self.headers);
        response
    }
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Error"))]
pub struct Body<'a> {
    /// What is wrong, in one sentence.
    message: &'a str,
    /// The sentences of a validation that failed, all of them, in the order of the fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [String],
    /// Where a blacklist rule is wrong; the same sentence stands in `errors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_error: Option<RuleError<'a>>,
    /// The same as `X-Request-Id`.
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct RuleError<'a> {
    /// Counted from 1.
    line: usize,
    /// Counted from 1, in characters (Unicode code points).
    column: usize,
    /// Characters that are wrong, from there on; at least 1.
    length: usize,
    /// What was expected or found there.
    message: &'a str,
}

impl<'a> From<&'a rule::RuleError> for RuleError<'a> {
    fn from(error: &'a rule::RuleError) -> RuleError<'a> {
        RuleError { line: error.line, column: error.column, length: error.length, message: &error.message }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        match refusal {
            Refusal::NotFound => Failure::not_found(),
            Refusal::Conflict => {
                Failure::overtaken(FailureKind::Conflict, "It was changed at the same time. Read it and try again")
            }
            Refusal::Account(refusal) => of_account(refusal),
            Refusal::Payment(refusal) => of_payment(refusal),
            Refusal::Gateway(refusal) => of_gateway(refusal),
            Refusal::Order(refusal) => of_order(refusal),
            Refusal::Catalog(refusal) => of_catalog(refusal),
            Refusal::Blacklist(refusal) => of_blacklist(refusal),
            Refusal::Feedback(FeedbackRefusal::AlreadyGiven) => Failure::invalid("Order already has a feedback"),
            Refusal::Feedback(FeedbackRefusal::TooOld) => Failure::invalid("Feedback can't be changed any more"),
            Refusal::Query(QueryRefusal::Full) => {
                Failure::invalid("Query is full (maximum is 500 replies and 1 MB of text)")
            }
            Refusal::Query(QueryRefusal::TooMany) => Failure::invalid("Order has too many queries"),
            Refusal::Webhook(refusal) => of_webhooks(refusal),
            Refusal::Script(refusal) => of_scripts(refusal),
            Refusal::Idempotency(refusal) => of_idempotency(refusal),
        }
    }
}

fn of_account(refusal: AccountRefusal) -> Failure {
    match refusal {
        AccountRefusal::EmailTaken => Failure::invalid("Email has already been taken"),
        AccountRefusal::SlugTaken => Failure::invalid("Shop slug has already been taken"),
        AccountRefusal::Disabled => Failure::new(403, "This account is disabled"),
        AccountRefusal::Busy { retry_after } => {
            Failure::unavailable("The account can't be changed right now, and is what it was", retry_after)
        }
        AccountRefusal::NotATestAccount => Failure::forbidden(),
    }
}

fn of_payment(refusal: PaymentRefusal) -> Failure {
    match refusal {
        PaymentRefusal::Destroyed => Failure::new(410, "This payment was destroyed"),
        PaymentRefusal::Expired => Failure::new(410, "This payment link has expired"),
        PaymentRefusal::HasPayments => Failure::forbidden(),
    }
}

fn of_gateway(refusal: GatewayRefusal) -> Failure {
    match refusal {
        GatewayRefusal::NotConfigured => Failure::invalid("Gateway is not configured"),
        GatewayRefusal::SomeNotConfigured(names) => {
            Failure::validation(names.iter().map(|name| format!("Gateway {name} is not configured")).collect())
        }
        GatewayRefusal::NoRate { retry_after } => {
            Failure::unavailable("No exchange rate is available right now", retry_after)
        }
        GatewayRefusal::Unavailable { retry_after } => {
            Failure::unavailable("Gateway does not answer right now", retry_after)
        }
        GatewayRefusal::TooManyOpen { retry_after } => {
            Failure::unavailable("Too many orders wait for their payment right now", retry_after)
        }
        GatewayRefusal::Refused(why) => Failure::invalid(&format!("Gateway refused to open the payment ({why})")),
        GatewayRefusal::RefundRefused(why) => Failure::new(409, &format!("Gateway refused the refund ({why})")),
        GatewayRefusal::CanNotRefund => {
            Failure::new(409, "Order can only be refunded at its gateway: there is no API for its payment")
        }
        GatewayRefusal::NoRateFor { gateway, currency } => {
            let code = currency.code();
            Failure::invalid(&format!("Currency {code} has no exchange rate for {gateway} right now"))
        }
        GatewayRefusal::TooSmall { gateway, least } => {
            let (value, code) = (least.wire(), least.currency().code());
            Failure::invalid(&format!("Value is too small for {gateway} (minimum is {value} {code} right now)"))
        }
        GatewayRefusal::NotQuotable => Failure::invalid("Value can't be expressed in this currency and gateway"),
        GatewayRefusal::WalletTaken(wallets) => {
            Failure::invalid(&format!("Gateways {wallets} is used by another account"))
        }
    }
}

fn of_order(refusal: OrderRefusal) -> Failure {
    match refusal {
        OrderRefusal::NotFound => Failure::invalid("Order must exist"),
        OrderRefusal::Blocked(reference) => {
            Failure::new(403, &format!("Order is blocked (GET /blocked/{reference} says why)"))
        }
        OrderRefusal::NotCompleted => Failure::invalid("Order is not completed"),
        OrderRefusal::NotPayable => Failure::invalid("Order is not waiting for a payment"),
        OrderRefusal::SerialMissing => Failure::invalid("Serial must say which: the order has several"),
        OrderRefusal::SerialUnknown => Failure::invalid("Serial is none that the order was delivered"),
        OrderRefusal::RefundTooLarge(most) => {
            let (most, code) = (most.wire(), most.currency().code());
            Failure::invalid(&format!("Amount is more than can go back (maximum is {most} {code})"))
        }
        OrderRefusal::NotAcceptable => {
            Failure::new(409, "Order is completed, was refunded or reversed, or is pending at its gateway")
        }
        OrderRefusal::NotInReview => Failure::new(409, "Order is not in review"),
        OrderRefusal::NoProduct => Failure::new(409, "Order is not for a product: there is nothing to deliver"),
        OrderRefusal::NotDeliverable => Failure::new(409, "Order is not completed"),
        OrderRefusal::AlreadyDelivered => Failure::new(
            409,
            "Order was delivered already: send again with true for another answer of your server, or replace a serial",
        ),
        OrderRefusal::NothingToDeliver => {
            Failure::new(409, "There is nothing to deliver: the product, its file or its URL is missing")
        }
        OrderRefusal::NoFact(field) => {
            Failure::invalid(&format!("{} is not known of this order's buyer", label(field)))
        }
        OrderRefusal::NoFactWanted => Failure::invalid("Email, ip or country must be true"),
        OrderRefusal::NotReplaceable => Failure::new(409, "Order has no serials that were delivered"),
        OrderRefusal::NotRefundable => Failure::new(409, "Order has no money that can go back"),
    }
}

fn of_catalog(refusal: CatalogRefusal) -> Failure {
    match refusal {
        CatalogRefusal::SerialsTaken(taken) => Failure::invalid(&serials_taken(&taken)),
        CatalogRefusal::UnknownProducts(ids) => {
            let unknown = |id: &String| format!("Product ids {} could not be found", quoted(id));
            Failure::validation(ids.iter().map(unknown).collect())
        }
        CatalogRefusal::CodeTaken => Failure::invalid("Code has already been taken"),
        CatalogRefusal::NoSerials => Failure::invalid("Product has no serials: its product type must be 2"),
        CatalogRefusal::TooManySerials => {
            Failure::invalid(&format!("Product would have too many serials in stock (maximum is {MAX_SERIALS})"))
        }
        CatalogRefusal::SerialsTooLarge => Failure::invalid(&format!(
            "Product would have too much text in stock (maximum is {MAX_STOCK_BYTES} bytes, with what stands between serials)"
        )),
        CatalogRefusal::OutOfStock => Failure::invalid("Product is out of stock"),
        CatalogRefusal::OrderTooLarge => Failure::invalid(&format!(
            "Quantity is too large: the serials of one order have at most {MAX_GOODS} bytes of text"
        )),
        CatalogRefusal::CouponNotValid => Failure::invalid("Coupon is not valid"),
    }
}

fn of_blacklist(refusal: BlacklistRefusal) -> Failure {
    Failure::invalid(match refusal {
        BlacklistRefusal::AlreadyListed => "Blocked data has already been taken",
        BlacklistRefusal::NameTaken => "Name has already been taken",
        BlacklistRefusal::TooManyRules => "Blacklist rules are limited to 1000 per account",
    })
}

fn of_scripts(refusal: ScriptRefusal) -> Failure {
    match refusal {
        ScriptRefusal::Off => Failure::new(
            403,
            "Scripts are off in this shop: its seller can turn them on with shop.scripts in PUT /api/v2/account. They weaken its pages",
        ),
        ScriptRefusal::TooMany => Failure::invalid(&format!("Scripts are limited to {MAX_SCRIPTS} per account")),
    }
}

fn of_webhooks(refusal: WebhookRefusal) -> Failure {
    match refusal {
        WebhookRefusal::EndpointDisabled => Failure::invalid("Endpoint is disabled"),
        WebhookRefusal::EndpointTaken => Failure::invalid("Id has already been taken"),
        WebhookRefusal::TooManyEndpoints => Failure::invalid("Webhook endpoints are limited to 100 per account"),
        WebhookRefusal::TooManyReplays { retry_after } => {
            let mut failure =
                Failure::new(429, "Webhook logs are searched one call at a time, and 60000 logs a minute");
            failure.headers.push(("retry-after", retry_after.to_string()));
            failure
        }
        WebhookRefusal::TooManySecrets => Failure::invalid("Webhook secret can be replaced 4 times in 24 hours"),
    }
}

fn of_idempotency(refusal: IdempotencyRefusal) -> Failure {
    match refusal {
        IdempotencyRefusal::InProgress => {
            Failure::overtaken(FailureKind::RequestInProgress, "A request with this Idempotency-Key is still running")
        }
        IdempotencyRefusal::KeyReused => Failure::new(422, "This Idempotency-Key was used for another request"),
    }
}

impl From<NotRead> for Failure {
    fn from(not_read: NotRead) -> Failure {
        match not_read {
            NotRead::Busy => Failure::unavailable("Too many large requests at the same time", 1),
            NotRead::Broken(_) => Failure::new(400, "The body broke off"),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let mut failure = Failure::new(500, "Something went wrong on our side. Try again later.");
        failure.fault = Some(fault);
        failure
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

/// Names what the shop was told: the first ones, which is all that it looked up.
fn serials_taken(taken: &[Taken]) -> String {
    const NAMED: usize = 10;
    let named: Vec<String> = taken
        .iter()
        .take(NAMED)
        .map(|taken| {
            let serial = quoted(&taken.serial);
            match taken.state {
                State::InStock => format!("{serial} (in stock of product {})", taken.product_id),
                State::Held => format!("{serial} (held for an order)"),
                State::Sold => format!("{serial} (sold)"),
                State::Bad => format!("{serial} (replaced)"),
            }
        })
        .collect();
    let more = if taken.len() > NAMED { " and more" } else { "" };
    format!("Info has serials that you have already: {}{more}", named.join(", "))
}

/// What a client wrote, in quotes, and no longer than a sentence bears.
pub fn quoted(text: &str) -> String {
    const MAX: usize = 60;
    let shown: String = text.chars().take(MAX).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{shown}{cut}\"")
}

/// `return_url` → `Return url`, as Rails names a field in a sentence.
pub fn label(name: &str) -> String {
    let mut label = name.replace(['_', '.'], " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}
