//! Payment links: what POST /api/v2/pay makes. The link's token carries what its page shows first, signed; the row holds
//! the rest, for the moment when the buyer starts and the link becomes an order.

use super::{
    App, Error, Outcome, Refusal,
    account::{self, Account, policy},
    error::{CatalogRefusal, GatewayRefusal, PaymentRefusal},
    gateway::{Gateway, Open, Reservation, wallet},
    hold::Item,
    id,
    money::Amount,
    order::{self, Buyer, Draft, Order},
    prepared::Prepared,
    time::DAY,
};
use crate::platform::{LogLine, Statement, first_answers};

pub mod sql;
pub mod token;

pub use token::Link;

/// How long a link can be started. An order that was started goes on.
pub const LINK_TTL: i64 = 30 * DAY;
/// A destroyed link's tombstone outlives the link.
const TOMBSTONE: u32 = 31 * 24 * 3_600;

/// What the seller asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The product that is bought, and what it takes from it; `None`: the seller named title and price.
    pub product: Option<(String, Item)>,
    pub title: String,
    pub email: Option<String>,
    /// In all, whatever the quantity.
    pub price: Amount,
    pub quantity: u32,
    pub gateway: Gateway,
    /// 0 to 6; `None`: as the wallet's setting says.
    pub confirmations: Option<u32>,
    pub return_url: String,
    pub webhook_url: Option<String>,
    /// JSON, handed back with the order.
    pub custom: Option<String>,
}

/// A payment as its row has it.
pub struct Payment {
    request: Request,
    expires_at: i64,
    destroyed: bool,
    /// Too little is left of its product, or its seller has deleted it.
    sold_out: bool,
}

/// A link that can be handed out: its id and signed token.
pub struct Made {
    pub id: String,
    pub token: String,
}

/// Makes a payment link, in one round trip. Nothing is reserved yet.
pub async fn create(app: &App, account: &Account, request: Request) -> Outcome<Prepared<Made>> {
    let id = id::hex(&app.random::<20>());
    let now = app.now();
    let shop = account::shop(app, account).await?;
    let insert = sql::insert(account.id, &id, &request, now, now + LINK_TTL);
    let link = Link {
        account_id: account.id,
        shard: account.shard.clone(),
        test: account.test,
        shop_name: shop.name,
        title: request.title,
        price: request.price,
        quantity: request.quantity,
        gateway: request.gateway,
        needs_email: request.email.is_none(),
        return_origin: token::origin(&request.return_url),
        expires_at: now + LINK_TTL,
        language: shop.language,
    };
    let token = token::sign(&app.platform.settings.token_keys, &id, &link);
    let prepared = Prepared::new(account.db(app)?, Made { id, token }, vec![insert]).on_missing(
        "payments",
        "confirmations",
        Refusal::Gateway(GatewayRefusal::NotConfigured),
    );
    match order::open::known_rates(app, account, link.gateway).await.filter(|_| link.price.minor() > 0) {
        Some(rates) => order::open::worth_taking(prepared, account, link.gateway, link.price, &rates),
        None => Ok(prepared),
    }
}

/// The order that a link becomes has an id made from the link's: there can be one only, and whoever holds the link can
/// name it without asking.
pub fn order_id(payment_id: &str) -> Option<String> {
    let bytes = id::unhex(payment_id)?;
    Some(id::uuid(bytes.get(..16)?.try_into().ok()?))
}

fn tombstone(payment_id: &str) -> String {
    format!("destroyed:{payment_id}")
}

/// What a link's token says: it must be ours and unspoilt. Nothing is asked.
pub fn verify_link(app: &App, payment_id: &str, token: &str) -> Outcome<Link> {
    Ok(token::verify(&app.platform.settings.token_keys, payment_id, token).ok_or(Refusal::NotFound)?)
}

/// Refuses a link that was destroyed. No database is asked.
pub async fn check_open(app: &App, payment_id: &str) -> Outcome<()> {
    match app.platform.cache.get(&tombstone(payment_id)).await {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(PaymentRefusal::Destroyed.into()),
        Err(fault) => {
            // The database knows as well, and is asked before anything happens.
            app.platform.log.write(LogLine::warn("cache.read_failed").with("payment_id", payment_id).because(fault));
            Ok(())
        }
    }
}

/// Starts the payment: makes the link's order, with an address of its own and a quote. However often it is called, and
/// by how many at once, there is one order. Two round trips. `page` is the path of the order's page, behind `origin`: there a
/// gateway's page sends the buyer back. Answers whether this call made the order.
pub async fn start(
    app: &App,
    link: &Link,
    payment_id: &str,
    (origin, page): (&str, &str),
    buyer: Buyer,
) -> Outcome<(Order, bool)> {
    let account = Account::acting(link.account_id, &link.shard, link.test);
    let order_id = order_id(payment_id).ok_or(Refusal::NotFound)?;
    // The rates first: without them no address must be used up.
    let rates = order::open::worth(app, &account, link.gateway, link.price).await;
    let db = account.db(app)?;
    let mut statements = vec![
        order::sql::by_id(account.id, &order_id),
        sql::by_id(account.id, payment_id, app.now()),
        super::webhook::sql::enabled(account.id),
        policy::of(account.id),
    ];
    if rates.is_ok() && link.price.minor() > 0 {
        let taker = Reservation::Link { payment_id, order_id: &order_id, open: Open::of(app) };
        statements.extend(link.gateway.of(&account).reserve(account.id, &taker));
    }
    let committed = db.commit(statements).await.map_err(|no| match no.is_check("wallets_open") {
        true => wallet::full(app, &account, link.gateway).into(),
        false => Error::from(no),
    })?;
    let ([orders, payments, endpoints, policy], reserved) = first_answers(committed)?;
    if let Some(row) = orders.first() {
        return Ok((order::sql::from_row(row)?, false));
    }
    let payment = match payments.first() {
        Some(row) => sql::from_row(row)?,
        None if app.now() > link.expires_at => return Err(PaymentRefusal::Expired.into()),
        None => return Err(Refusal::NotFound.into()),
    };
    if payment.destroyed {
        return Err(PaymentRefusal::Destroyed.into());
    }
    if app.now() > payment.expires_at {
        return Err(PaymentRefusal::Expired.into());
    }
    if payment.sold_out {
        return Err(CatalogRefusal::OutOfStock.into());
    }
    let ready = order::open::Ready { endpoints, policy, reserved, rates: rates? };
    let request = payment.request;
    let draft = Draft {
        id: order_id.clone(),
        payment_id: Some(payment_id.to_owned()),
        product_id: request.product.as_ref().map_or("pay", |(id, _)| id).to_owned(),
        product_title: request.title,
        item: request.product.map(|(_, item)| item),
        price: request.price,
        quantity: request.quantity,
        gateway: request.gateway,
        confirmations: request.confirmations,
        buyer: Buyer { email: request.email.or(buyer.email), ..buyer },
        custom: request.custom,
        return_url: Some(request.return_url),
        webhook_url: request.webhook_url,
        origin: origin.to_owned(),
        page: Some(format!("{origin}{page}")),
        attempt: 0,
    };
    let prepared = order::open::prepare(app, &account, draft, ready)
        .await?
        .on_taken("orders", "id", Refusal::Conflict)
        .on_stale(PaymentRefusal::Destroyed);
    match prepared.commit(app, vec![sql::still_there(account.id, payment_id)]).await {
        Ok((order, _)) => Ok((order, true)),
        // Somebody started it at the same time; their order is this one.
        Err(Error::Refused(Refusal::Conflict)) => Ok((order::get(app, &account, &order_id).await?, false)),
        Err(error) => Err(error),
    }
}

/// Takes away links that were never started, a day after they could be; for cron. Each statement answers a row for each link. The
/// address of one whose every start was refused goes back to its wallet: nobody has seen it.
pub fn take_old(now: i64, most: u32) -> [Statement; 3] {
    sql::take_old(now - DAY, most)
}

/// Whether a link was destroyed, for pages that ask the database anyway. A tombstone doesn't live for ever.
pub fn is_destroyed(account_id: i64, payment_id: &str) -> Statement {
    sql::is_destroyed(account_id, payment_id)
}

/// Destroys a link. Its page is gone within a minute everywhere, and nothing can be started from now on. An order
/// without money goes on being watched: a buyer may have sent it already.
pub async fn destroy(app: &App, account: &Account, payment_id: &str) -> Outcome<()> {
    let order_id = order_id(payment_id).ok_or(Refusal::NotFound)?;
    let statements =
        [sql::destroy(account.id, payment_id, &order_id, app.now()), sql::by_id(account.id, payment_id, app.now())];
    let [destroyed, payments] = account.db(app)?.commit_batch(statements).await?;
    let payment = sql::from_row(payments.first().ok_or(Refusal::NotFound)?)?;
    if destroyed.is_empty() && !payment.destroyed {
        return Err(PaymentRefusal::HasPayments.into());
    }
    // Also the second time: the first may have failed just here.
    app.platform.cache.put(&tombstone(payment_id), "1", Some(TOMBSTONE)).await.map_err(Error::Fault)?;
    if destroyed.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(()) }
}
