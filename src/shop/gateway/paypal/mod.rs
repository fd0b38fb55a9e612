//! PayPal, in two ways. Who has a REST app there (client id and secret) has orders opened and captured through its Orders API;
//! who gives an e-mail address alone has them paid through a button, of which PayPal tells by IPN. Movements have PayPal's own
//! transaction ids, which are the same in both and in whatever tells of them.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    Gateway, GatewayContext, GatewayNotification, LedgerEntry, Observation, PaymentGateway, PaymentPrompt,
    PaymentRecord, PaymentRequest, PaymentTarget, Refund, Rejected, Reservation, Resolved, SyncError,
    VerifiedNotification,
    settings::{self, Set, Setting},
};
use crate::{
    platform::{LocalBoxFuture, LogLine, Network, Row, Statement},
    shop::{
        Outcome,
        error::{GatewayRefusal, OrderRefusal},
        id,
        money::{Amount, Currency, Decimal},
    },
};

pub mod button;
mod document;
mod event;
mod rest;

use rest::PaypalApp;

pub const GATEWAY: Gateway = Gateway(&PayPal);

/// What PayPal takes (its list of currency codes, November 2025), and of which it takes no fractions.
const CURRENCIES: &str =
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD";
const WHOLE: [&str; 3] = ["HUF", "JPY", "TWD"];

struct PayPal;

impl PaymentGateway for PayPal {
    fn name(&self) -> &'static str {
        "PayPal"
    }

    fn slug(&self) -> &'static str {
        "paypal"
    }

    fn decimals(&self, currency: Currency) -> Option<u8> {
        let code = currency.code();
        CURRENCIES.split(' ').any(|known| known == code).then_some(if WHOLE.contains(&code) { 0 } else { 2 })
    }

    fn reserve(&self, account_id: i64, _taker: &Reservation<'_>) -> Vec<Statement> {
        vec![settings::of(account_id, self.slug())]
    }

    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        draft: PaymentRequest<'a>,
        taken: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move {
            let sets = settings::read(context.app, context.account.id, taken.first().map_or(&[], Vec::as_slice))?;
            let amount = self.decimals(draft.price.currency()).and_then(|decimals| draft.price.text(decimals));
            let amount = amount.ok_or(GatewayRefusal::NotQuotable)?;
            let session = match (PaypalApp::of(context, &sets), settings::value(&sets, Setting::PayPalEmail)) {
                (Some(app), _) => app.open(draft, &amount).await?,
                (None, Some(email)) => button::session(context, email, draft, &amount),
                (None, None) => return Err(GatewayRefusal::NotConfigured.into()),
            };
            Ok(PaymentPrompt::Page(session))
        })
    }

    fn close<'a>(&'a self, context: GatewayContext<'a>, order: PaymentTarget<'a>) -> LocalBoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let Some(session) = order.session.filter(|session| !session.id.is_empty()) else { return Ok(()) };
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let sets = settings::read(context.app, context.account.id, &rows)?;
            let app = PaypalApp::of(context, &sets).ok_or(GatewayRefusal::NotConfigured)?;
            let seen = match app.see(order, &session.id, None).await {
                Ok((seen, _)) => seen,
                Err(no) if no.status() == Some(404) => return Ok(()),
                Err(no) => return Err(no.into()),
            };
            if !seen.captures().iter().all(rest::is_declined) {
                return Err(OrderRefusal::NotPayable.into());
            }
            // Nothing is captured there without us. A capture whose answer was lost may still come.
            let (approval, _) = rest::approval(&seen, order, &session.id);
            if rest::is_approved(&seen) && !app.known(order).await?.iter().any(|it| it.id == approval) {
                return Err(GatewayRefusal::Unavailable { retry_after: 30 }.into());
            }
            Ok(())
        })
    }

    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            // Nobody can be asked what a button's payment has become.
            let Some(session) = order.session.filter(|session| !session.id.is_empty()) else {
                return Ok(Observation::Ledger(GATEWAY, Vec::new()));
            };
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let sets = settings::read(context.app, context.account.id, &rows)?;
            let no_app = || SyncError::Unreachable("its REST app is not set any more".into());
            let movements =
                PaypalApp::of(context, &sets).ok_or_else(no_app)?.sync(order, &session.id, &known.movements).await?;
            Ok(Observation::Ledger(GATEWAY, movements))
        })
    }

    fn refund<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        wanted: &'a Refund,
    ) -> LocalBoxFuture<'a, Outcome<Vec<LedgerEntry>>> {
        Box::pin(async move {
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let sets = settings::read(context.app, context.account.id, &rows)?;
            let amount = self.decimals(wanted.amount.currency()).and_then(|decimals| wanted.amount.text(decimals));
            let amount = amount.ok_or(GatewayRefusal::NotQuotable)?;
            // What was paid by a button goes back on PayPal's own pages.
            PaypalApp::of(context, &sets).ok_or(GatewayRefusal::CanNotRefund)?.refund(order, wanted, &amount).await
        })
    }

    fn url(&self, _context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        order.session.map(|session| session.url.clone()).unwrap_or_default()
    }

    fn verify(
        &self,
        context: GatewayContext<'_>,
        sets: &[Set],
        notification: &GatewayNotification,
    ) -> Result<VerifiedNotification, Rejected> {
        let (order_id, payment) = match is_event(notification) {
            true => event::verify(context, sets, notification)?,
            false => (Some(button::verify(&notification.body)?), None),
        };
        // A notification that PayPal repeats is the same to the byte, and nobody else can have one like it before it was sent.
        Ok(VerifiedNotification { id: id::hex(&Sha256::digest(notification.body.as_bytes())), order_id, payment })
    }

    fn resolve<'a>(
        &'a self,
        context: GatewayContext<'a>,
        sets: &'a [Set],
        notification: &'a GatewayNotification,
    ) -> LocalBoxFuture<'a, Result<Option<Resolved>, SyncError>> {
        Box::pin(async move {
            let order_id = match is_event(notification) {
                true => event::resolve(context, sets, notification).await?,
                false => button::about(&notification.body),
            };
            Ok(order_id.map(|order_id| Resolved { order_id, said: None }))
        })
    }

    fn process<'a>(
        &'a self,
        context: GatewayContext<'a>,
        sets: &'a [Set],
        notification: &'a GatewayNotification,
        _said: Option<&'a RawValue>,
        order: PaymentTarget<'a>,
    ) -> LocalBoxFuture<'a, Result<Vec<LedgerEntry>, SyncError>> {
        Box::pin(async move {
            match is_event(notification) {
                true => event::process(context, sets, notification, order).await,
                false => button::process(context, sets, notification, order).await,
            }
        })
    }
}

/// Events of the REST API are JSON; IPNs are forms.
fn is_event(notification: &GatewayNotification) -> bool {
    notification.body.starts_with('{')
}

/// Logs why a notification was not believed.
fn not_believed(context: GatewayContext<'_>, order_id: &str, why: &str) {
    let line = LogLine::warn("notification.not_believed").with("gateway", "paypal");
    context.app.platform.log.write(line.account(context.account.id).order(order_id).because(why));
}

/// Where no real money moves, PayPal's sandbox is meant.
fn is_sandbox(context: GatewayContext<'_>) -> bool {
    context.account.test || context.app.platform.settings.bitcoin.network != Network::Mainnet
}

/// The operator's address of a server of PayPal's, or PayPal's own.
fn base(context: GatewayContext<'_>, set: &Option<String>, server: &str) -> String {
    let sandbox = if is_sandbox(context) { "sandbox." } else { "" };
    set.clone().unwrap_or_else(|| format!("https://{server}.{sandbox}paypal.com"))
}

/// What is bought, in the 127 characters that PayPal shows. Our price is that of all of it, so the quantity stands here.
fn title(draft: PaymentRequest<'_>) -> String {
    let times = if draft.quantity > 1 { format!("{} × ", draft.quantity) } else { String::new() };
    times.chars().chain(draft.title.chars()).take(127).collect()
}

/// Where PayPal sends a buyer who has paid, and one who has not: to the order's page, or else to the
/// seller's, in so many bytes. An order that has neither is followed by its seller alone; its buyer
/// ends up at our front door.
fn ways_back(draft: PaymentRequest<'_>, most: usize) -> [String; 2] {
    let fits = |url: &String| url.len() <= most;
    ["paid", "cancelled"].map(|how| {
        let page = draft.page.map(|page| format!("{page}?back={how}")).filter(fits);
        page.or_else(|| draft.return_url.map(str::to_owned).filter(fits)).unwrap_or_else(|| draft.origin.to_owned())
    })
}

/// An id of PayPal's: letters, digits and hyphens.
fn known_id(text: Option<&str>) -> Option<&str> {
    text.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// An id that may be an order's of ours.
fn order_id(text: Option<&str>) -> Option<String> {
    known_id(text).filter(|id| id.len() == 36 && id.bytes().filter(|b| *b == b'-').count() == 4).map(str::to_owned)
}

/// Minor units of a sum without a sign.
fn minor(text: &str, currency: Currency) -> Option<i64> {
    Some(Amount::from_decimal(Decimal::parse(text).ok()?, currency).ok()?.minor())
}
