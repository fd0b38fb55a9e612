//! PayPal, in two ways. Who has a REST app there (client id and secret) has orders opened and captured through its Orders API;
//! who gives an e-mail address alone has them paid through a button, of which PayPal tells by IPN. Movements have PayPal's own
//! transaction ids, which are the same in both and in whatever tells of them.

use sha2::{Digest, Sha256};

use super::{
    Admitted, Gateway, GatewayContext, GatewayNotification, LedgerEntry, NotAdmitted, Observation, PaymentGateway,
    PaymentPrompt, PaymentRecord, PaymentRequest, PaymentTarget, Reservation, Resolved, SyncError,
    settings::{self, Set, Setting},
};
use crate::{
    json,
    platform::{LocalBoxFuture, LogLine, Network, Row, Statement},
    shop::{
        Outcome, Refusal, id,
        money::{Amount, Currency, Decimal},
    },
};

pub mod button;
mod event;
mod rest;

use rest::App;

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

    fn takes(&self, account_id: i64, _taker: &Reservation<'_>) -> Vec<Statement> {
        vec![settings::of(account_id, self.slug())]
    }

    fn open<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        draft: PaymentRequest<'a>,
        taken: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move {
            let sets = settings::read(desk.shop, desk.account.id, taken.first().map_or(&[], Vec::as_slice))?;
            let amount = self.decimals(draft.price.currency()).and_then(|decimals| draft.price.text(decimals));
            let amount = amount.ok_or(Refusal::NotQuotable)?;
            let session = match (App::of(desk, &sets), settings::value(&sets, Setting::PayPalEmail)) {
                (Some(app), _) => app.open(draft, &amount).await?,
                (None, Some(email)) => button::session(desk, email, draft, &amount),
                (None, None) => return Err(Refusal::GatewayNotConfigured.into()),
            };
            Ok(PaymentPrompt::Page(session))
        })
    }

    fn close<'a>(&'a self, desk: GatewayContext<'a>, order: PaymentTarget<'a>) -> LocalBoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let Some(session) = order.session.filter(|session| !session.id.is_empty()) else { return Ok(()) };
            let rows = desk.account.db(desk.shop)?.rows(vec![settings::of(desk.account.id, self.slug())]).await?;
            let sets = settings::read(desk.shop, desk.account.id, rows.first().map_or(&[], Vec::as_slice))?;
            let app = App::of(desk, &sets).ok_or(Refusal::GatewayNotConfigured)?;
            let seen = match app.see(order, &session.id, None).await {
                Ok((seen, _)) => seen,
                Err(no) if no.status == 404 => return Ok(()),
                Err(no) => return Err(no.into()),
            };
            if !rest::captures(&seen).iter().all(rest::is_declined) {
                return Err(Refusal::NotPayable.into());
            }
            // Nothing is captured there without us. A capture whose answer was lost may still come.
            let (approval, _) = rest::approval(&seen, order, &session.id);
            if rest::is_approved(&seen) && !app.known(order).await?.iter().any(|it| it.id == approval) {
                return Err(Refusal::GatewayUnavailable { retry_after: 30 }.into());
            }
            Ok(())
        })
    }

    fn look<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            // Nobody can be asked what a button's payment has become.
            let Some(session) = order.session.filter(|session| !session.id.is_empty()) else {
                return Ok(Observation::Ledger(GATEWAY, Vec::new()));
            };
            let rows = desk.account.db(desk.shop)?.rows(vec![settings::of(desk.account.id, self.slug())]).await?;
            let sets = settings::read(desk.shop, desk.account.id, rows.first().map_or(&[], Vec::as_slice))?;
            let no_app = || SyncError::Unreachable("its REST app is not set any more".into());
            let movements = App::of(desk, &sets).ok_or_else(no_app)?.look(order, &session.id, &known.movements).await?;
            Ok(Observation::Ledger(GATEWAY, movements))
        })
    }

    fn url(&self, _desk: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        order.session.map(|session| session.url.clone()).unwrap_or_default()
    }

    fn admit(
        &self,
        desk: GatewayContext<'_>,
        sets: &[Set],
        notice: &GatewayNotification,
    ) -> Result<Admitted, NotAdmitted> {
        let (order_id, payment) = match is_event(notice) {
            true => event::admit(desk, sets, notice)?,
            false => (Some(button::admit(&notice.body)?), None),
        };
        // A notice that PayPal repeats is the same to the byte, and nobody else can have one like it before it was sent.
        Ok(Admitted { id: id::hex(&Sha256::digest(notice.body.as_bytes())), order_id, payment })
    }

    fn resolve<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        sets: &'a [Set],
        notice: &'a GatewayNotification,
    ) -> LocalBoxFuture<'a, Result<Option<Resolved>, SyncError>> {
        Box::pin(async move {
            let order_id = match is_event(notice) {
                true => event::resolve(desk, sets, notice).await?,
                false => button::about(&notice.body),
            };
            Ok(order_id.map(|order_id| Resolved { order_id, said: json::Value::Null }))
        })
    }

    fn process<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        sets: &'a [Set],
        notice: &'a GatewayNotification,
        _said: &'a json::Value,
        order: PaymentTarget<'a>,
    ) -> LocalBoxFuture<'a, Result<Vec<LedgerEntry>, SyncError>> {
        Box::pin(async move {
            match is_event(notice) {
                true => event::process(desk, sets, notice, order).await,
                false => button::process(desk, sets, notice, order).await,
            }
        })
    }
}

/// Events of the REST API are JSON; IPNs are forms.
fn is_event(notice: &GatewayNotification) -> bool {
    notice.body.starts_with('{')
}

/// Logs why a notice was not believed.
fn not_believed(desk: GatewayContext<'_>, order_id: &str, why: &str) {
    let line = LogLine::warn("notification.not_believed").with("gateway", "paypal");
    desk.shop.platform.log.write(line.account(desk.account.id).order(order_id).because(why));
}

/// Where no real money moves, PayPal's sandbox is meant.
fn is_sandbox(desk: GatewayContext<'_>) -> bool {
    desk.account.test || desk.shop.platform.settings.bitcoin.network != Network::Mainnet
}

/// The operator's address of a server of PayPal's, or PayPal's own.
fn base(desk: GatewayContext<'_>, set: &Option<String>, server: &str) -> String {
    let sandbox = if is_sandbox(desk) { "sandbox." } else { "" };
    set.clone().unwrap_or_else(|| format!("https://{server}.{sandbox}paypal.com"))
}

/// What is bought, in the 127 characters that PayPal shows. Our price is that of all of it, so the quantity stands here.
fn title(draft: PaymentRequest<'_>) -> String {
    let times = if draft.quantity > 1 { format!("{} × ", draft.quantity) } else { String::new() };
    times.chars().chain(draft.title.chars()).take(127).collect()
}

/// Where PayPal sends the buyer who has paid, and him who has not: to the link's page, or else to the seller's, in so many bytes.
/// An order that has neither is followed by its seller alone; its buyer ends up at our front door.
fn ways_back(draft: PaymentRequest<'_>, most: usize) -> [String; 2] {
    let fits = |url: &String| url.len() <= most;
    ["paid", "cancelled"].map(|how| {
        let page = draft.page.map(|page| format!("{page}/order?back={how}")).filter(fits);
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

fn text<'a>(value: &'a json::Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}
