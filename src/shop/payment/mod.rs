//! Payment links: what POST /api/v2/pay makes. The link's token carries what its page shows first, signed; the row holds
//! the rest, for the moment when the buyer starts and the link becomes an order.

use super::{
    App, Error, Outcome, Refusal,
    account::{
        self, Account,
        policy::{self, Policy},
    },
    error::{CatalogRefusal, GatewayRefusal, IdempotencyRefusal, PaymentRefusal},
    event::Dialect,
    fraud::{Subject, Visitor},
    gateway::{Gateway, Open, Reservation, wallet},
    hold::Item,
    id,
    money::{self, Amount},
    order::{self, Buyer, Draft, Order},
    prepared::Prepared,
    time::DAY,
};
use crate::platform::{Fault, LogLine, Statement, first_answers};

mod choice;
pub mod sql;
pub mod token;

pub use choice::Choice;
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
    pub choice: Choice,
    /// 0 to 6; `None`: as the setting of each wallet says.
    pub confirmations: Option<u32>,
    /// Empty: the buyer stays where they are.
    pub return_url: String,
    pub webhook_url: Option<String>,
    /// In whose words that URL is told.
    pub webhook_dialect: Dialect,
    /// JSON, handed back with the order.
    pub custom: Option<String>,
}

/// A payment as its row has it.
pub struct Payment {
    product: Option<(String, Item)>,
    title: String,
    email: Option<String>,
    price: Amount,
    quantity: u32,
    /// What each gateway that the link names needs, by its slug.
    confirmations: Vec<(String, u32)>,
    return_url: String,
    webhook_url: Option<String>,
    webhook_dialect: Dialect,
    custom: Option<String>,
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
        choice: request.choice,
        needs_email: request.email.is_none(),
        return_origin: token::origin(&request.return_url),
        expires_at: now + LINK_TTL,
        language: shop.language,
    };
    let token = token::sign(&app.platform.settings.token_keys, &id, &link);
    let made = Made { id, token };
    let (first, price) = (link.choice.first(), link.price);
    if link.choice.are_several() && price.minor() > 0 {
        return all_payable(app, account, made, insert, &link).await;
    }
    let prepared = Prepared::new(account.db(app)?, made, vec![insert]).on_missing(
        "payments",
        "gateways",
        Refusal::Gateway(GatewayRefusal::NotConfigured),
    );
    match order::open::known_rates(app, account, first).await.filter(|_| price.minor() > 0) {
        Some(rates) => order::open::worth_taking(prepared, account, first, price, &rates),
        None => Ok(prepared),
    }
}

/// The gateways that the seller has set up, in the order in which they are shown, that can be paid this price as far as is known. Where
/// none can, all that are set up: making a link of them says what is in the way.
pub async fn ways(app: &App, account: &Account, price: Amount) -> Outcome<Vec<Gateway>> {
    let [rows] = account.db(app)?.batch([sql::set_up(account.id)]).await?;
    let set_up = rows.iter().map(sql::unpayable_row).collect::<Result<Vec<_>, _>>()?;
    let (mut all, mut open) = (Vec::new(), Vec::new());
    for gateway in Gateway::ALL {
        let Some((_, least)) = set_up.iter().find(|(known, _)| *known == gateway) else { continue };
        all.push(gateway);
        if !takes(gateway, price) {
            continue;
        }
        let known = order::open::known_rates(app, account, gateway).await;
        let value = match known {
            Some(rates) => order::open::quote(gateway, price, &rates, &Policy::default()).ok(),
            None => least.or(Some(0)),
        };
        if value.is_some_and(|value| least.is_none_or(|least| value >= least)) {
            open.push(gateway);
        }
    }
    Ok(if open.is_empty() { all } else { open })
}

/// Whether a gateway takes such a price at all, whoever's it is.
fn takes(gateway: Gateway, price: Amount) -> bool {
    let whole = gateway.decimals(price.currency()).is_some_and(|decimals| price.text(decimals).is_some());
    whole && gateway.min_price(price.currency()).is_none_or(|min| price.minor() >= min.minor())
}

/// Holds the commit to a price that can be paid through each gateway of the link, and names what it can't be paid through.
async fn all_payable(
    app: &App,
    account: &Account,
    made: Made,
    insert: Statement,
    link: &Link,
) -> Outcome<Prepared<Made>> {
    let (mut values, mut rates) = (Vec::new(), Vec::new());
    for gateway in link.choice.iter() {
        let known = order::open::known_rates(app, account, gateway).await;
        let rate = known.map(|known| order::open::rate(gateway, link.price, &known, &Policy::default())).transpose()?;
        let in_coins = |rate| money::coin_value(link.price, rate).ok_or(GatewayRefusal::NotQuotable);
        values.push((gateway, rate.map(in_coins).transpose()?));
        rates.push((gateway, rate));
    }
    let (guard, look) = (sql::all_payable(account.id, &values), sql::unpayable(account.id, &values));
    let currency = link.price.currency();
    // The guard goes first: of what is missing the insert could not say the name.
    Ok(Prepared::new(account.db(app)?, made, vec![guard, insert]).why_stale(look, move |rows| {
        let unpayable = rows.iter().map(sql::unpayable_row).collect::<Result<Vec<_>, _>>()?;
        let missing = unpayable.iter().filter(|(_, least)| least.is_none());
        let missing: Vec<_> = missing.map(|(gateway, _)| gateway.name()).collect();
        if !missing.is_empty() {
            return Ok(GatewayRefusal::SomeNotConfigured(missing).into());
        }
        Ok(match unpayable.first() {
            Some((gateway, least)) => {
                let rate = rates.iter().find(|(known, _)| known == gateway).and_then(|(_, rate)| *rate);
                order::open::too_small(*gateway, least.unwrap_or(0), rate, currency)
            }
            // Something else held it back: another request under the same idempotency key.
            None => IdempotencyRefusal::InProgress.into(),
        })
    }))
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
/// gateway's page sends the buyer back. It is paid through the gateway that was `chosen` by whoever is first. Answers whether
/// this call made the order.
pub async fn start(
    app: &App,
    link: &Link,
    payment_id: &str,
    chosen: Gateway,
    (origin, page): (&str, &str),
    (buyer, visitor): (Buyer, Visitor),
) -> Outcome<(Order, bool)> {
    let account = Account::acting(link.account_id, &link.shard, link.test);
    let order_id = order_id(payment_id).ok_or(Refusal::NotFound)?;
    // The rates first: without them no address must be used up.
    let rates = order::open::worth(app, &account, chosen, link.price).await;
    let inquiry = order::open::inquiry(app, &buyer, &visitor).await;
    let db = account.db(app)?;
    let mut statements = vec![
        order::sql::by_id(account.id, &order_id),
        sql::by_id(account.id, payment_id, app.now()),
        super::webhook::sql::enabled(account.id),
        policy::of(account.id),
        inquiry.look(app, &account, Subject::Link { payment_id }),
    ];
    if rates.is_ok() && link.price.minor() > 0 {
        let taker = Reservation::Link { payment_id, order_id: &order_id, open: Open::of(app) };
        statements.extend(chosen.of(&account).reserve(account.id, &taker));
    }
    let committed = db.commit(statements).await.map_err(|no| match no.is_check("wallets_open") {
        true => wallet::full(app, &account, chosen).into(),
        false => Error::from(no),
    })?;
    let ([orders, payments, endpoints, policy, known], reserved) = first_answers(committed)?;
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
    let ready = order::open::Ready { endpoints, policy, inquiry, known, reserved, rates: rates? };
    let confirmations = payment.confirmations.iter().find(|(slug, _)| slug == chosen.slug());
    let (_, confirmations) = confirmations.ok_or_else(|| Fault("a payment lacks a gateway of its link".into()))?;
    let draft = Draft {
        id: order_id.clone(),
        payment_id: Some(payment_id.to_owned()),
        product_id: payment.product.as_ref().map_or("pay", |(id, _)| id).to_owned(),
        product_title: payment.title,
        item: payment.product.map(|(_, item)| item),
        price: payment.price,
        quantity: payment.quantity,
        gateway: chosen,
        confirmations: Some(*confirmations),
        buyer: Buyer { email: payment.email.or(buyer.email), ..buyer },
        custom: payment.custom,
        return_url: Some(payment.return_url).filter(|url| !url.is_empty()),
        webhook_url: payment.webhook_url,
        webhook_dialect: payment.webhook_dialect,
        origin: origin.to_owned(),
        page: Some(format!("{origin}{page}")),
        attempt: 0,
        visitor,
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
