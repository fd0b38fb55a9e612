//! From an order to what its page shows.

use super::{
    Visit,
    contact::{About, Contact, with_query},
    view::{Again, Invoice, Page, Paid, State, Transaction},
};
use crate::{
    platform::Fault,
    shop::{
        Outcome, Refusal,
        account::{
            Account, contact,
            secret::{self, Sealed, Secrets},
        },
        error::PaymentRefusal,
        gateway::{EntryKind, GatewayContext, LedgerEntry, OnchainPayment, Session, SessionState, qr, record},
        money::{Amount, coin_text},
        order::{self, Order, Status},
        payment,
        time::{self, SECOND},
        webhook::sign,
    },
    words::Language,
};

/// An order and what has come for it.
pub struct Standing {
    pub order: Order,
    receipts: Vec<OnchainPayment>,
    movements: Vec<LedgerEntry>,
    contact: contact::Contact,
    webhook_secrets: Secrets,
}

/// `None`: the link was not started yet.
pub async fn read(visit: &Visit<'_>) -> Outcome<Option<Standing>> {
    let account = Account::acting(visit.link.account_id, &visit.link.shard, visit.link.test);
    let order_id = payment::order_id(visit.payment_id).ok_or(Refusal::NotFound)?;
    let [orders, receipts, movements, contact, secrets, destroyed] = account
        .db(visit.app)?
        .batch([
            order::sql::by_id(account.id, &order_id),
            record::receipts(account.id, &order_id),
            record::movements(account.id, &order_id),
            contact::of(account.id),
            secret::of(account.id),
            payment::is_destroyed(account.id, visit.payment_id),
        ])
        .await?;
    if !destroyed.is_empty() {
        return Err(PaymentRefusal::Destroyed.into());
    }
    let Some(order) = orders.first() else {
        return Ok(None);
    };
    let sealed = secrets.first().ok_or_else(|| Fault("an account has no shop row".into()))?;
    let sealed = sealed.read(|row| Ok(Sealed::read(row)))?;
    let contact = contact.first().map(|row| row.read(|row| Ok(contact::Contact::read(row)))).transpose()?;
    Ok(Some(Standing {
        order: order::sql::from_row(order)?,
        receipts: receipts.iter().map(record::receipt).collect::<Result<_, _>>()?,
        movements: movements.iter().map(record::movement).collect::<Result<_, _>>()?,
        contact: contact.unwrap_or_default(),
        webhook_secrets: sealed.open(visit.app, account.id, visit.app.now())?,
    }))
}

/// Strings that the page borrows.
pub struct Strings {
    price: String,
    due: String,
    received: String,
    received_with_unit: String,
    surplus: Option<String>,
    short: Option<String>,
    refunded: Option<String>,
    uri: String,
    rate: String,
    qr_side: u32,
    qr_path: String,
    return_url: Option<String>,
    return_host: String,
    receipts: Vec<(String, String, u32)>,
    network: Option<String>,
    /// When it was paid: for programs, and for people.
    paid_at: Option<(String, String)>,
    contact: Contact,
}

impl Strings {
    pub fn of(visit: &Visit<'_>, standing: &Standing) -> Result<Strings, Fault> {
        let order = &standing.order;
        let invoice = &order.invoice;
        let symbol = symbol(order);
        let language = visit.words.language;
        let due = coin_text(invoice.missing());
        let account = &Account::acting(order.account_id, &visit.link.shard, order.test);
        let (way, context) = (order.gateway.of(account), GatewayContext { app: visit.app, account });
        let uri = way.url(context, order.target());
        let (qr_side, qr_path) = match order.session {
            None => qr::svg_path(&uri).ok_or_else(|| Fault("an address is too long for a QR code".into()))?,
            Some(_) => (0, String::new()),
        };
        let surplus = invoice.received.saturating_sub(invoice.value);
        let money = |minor: i64| {
            Amount::new(minor, order.price.currency()).map(|sum| language.money(&sum.display())).unwrap_or_default()
        };
        let over = order.paid_value - order.price.minor();
        Ok(Strings {
            price: language.money(&order.price.display()),
            received: language.coins(&coin_text(invoice.received)),
            received_with_unit: match order.session {
                None => coins(language, invoice.received, symbol),
                Some(_) => money(order.paid_value),
            },
            surplus: match order.session {
                None => (surplus > 0).then(|| coins(language, surplus, symbol)),
                Some(_) => (over > 0).then(|| money(over)),
            },
            short: (invoice.missing() > 0).then(|| coins(language, invoice.missing(), symbol)),
            refunded: (order.refunded_value > 0).then(|| money(order.refunded_value)),
            rate: format!(
                "1 {symbol} = {} {}",
                language.grouped(&invoice.rate.to_text()),
                order.price.currency().code()
            ),
            qr_side,
            qr_path,
            return_url: return_url(standing),
            return_host: visit.link.return_origin.split("://").last().unwrap_or_default().to_owned(),
            receipts: receipts(language, standing),
            network: way.chain(context),
            paid_at: order.paid_at.map(|at| (time::wire(at), visit.words.moment(at))),
            contact: Contact::of(visit.words, &standing.contact, &visit.link.return_origin, About::Order(&order.id)),
            due,
            uri,
        })
    }
}

/// A sum of coins with its unit.
fn coins(language: Language, units: u64, symbol: &str) -> String {
    format!("{} {symbol}", language.coins(&coin_text(units)))
}

/// The unit of the order's coin.
fn symbol(order: &Order) -> &'static str {
    order.gateway.coin().map_or("", |coin| coin.symbol)
}

pub fn page<'a>(visit: &'a Visit<'_>, standing: &'a Standing, texts: &'a Strings) -> Page<'a> {
    let order = &standing.order;
    Page {
        words: visit.words,
        brand: &visit.app.platform.settings.brand,
        shop: &visit.link.shop_name,
        title: &order.product_title,
        price: &texts.price,
        quantity: order.quantity,
        test: order.test,
        url: visit.url,
        revision: order.revision.unsigned_abs(),
        wrong_currency: order.wrong_currency,
        contact: &texts.contact,
        state: state(visit, standing, texts),
    }
}

fn state<'a>(visit: &'a Visit<'_>, standing: &'a Standing, texts: &'a Strings) -> State<'a> {
    let order = &standing.order;
    let now = visit.app.now();
    if let Some(session) = order.session.as_ref().filter(|_| order.status.is_open()) {
        return elsewhere(visit, order, session, texts);
    }
    let left = order.invoice.expires_at - now;
    // Rounded up, so that the page asks again just after the end and not just before it.
    let seconds_left = u64::try_from((left + SECOND - 1) / SECOND).unwrap_or(0);
    let order_id = order.id.as_str();
    match order.status {
        Status::Unpaid if left > 0 => State::Waiting { invoice: invoice(order, texts), seconds_left },
        Status::Unpaid => State::Expired { received: None, order_id, restart: order.invoice.index.is_some() },
        Status::PartiallyPaid if left > 0 => State::Partial {
            invoice: invoice(order, texts),
            seconds_left,
            received: &texts.received,
            confirming: order.invoice.confirmations < order.confirmations_needed,
            late: order.invoice.late,
        },
        Status::PartiallyPaid => State::Expired {
            received: Some(&texts.received_with_unit),
            order_id,
            restart: order.invoice.index.is_some(),
        },
        Status::AwaitingConfirmations | Status::PendingAtPayPal => State::Confirming {
            invoice: invoice(order, texts),
            seen: order.invoice.confirmations.min(order.confirmations_needed),
            needed: order.confirmations_needed,
        },
        Status::Completed => State::Paid(Paid {
            gateway: order.gateway.name(),
            received: &texts.received_with_unit,
            order_id,
            overpaid: texts.surplus.as_deref(),
            short: texts.short.as_deref(),
            refunded: texts.refunded.as_deref(),
            late: order.invoice.late,
            date: texts.paid_at.as_ref().map(|(wire, words)| (wire.as_str(), words.as_str())),
            transactions: transactions(standing, texts),
            return_url: texts.return_url.as_deref(),
            shop_return: &texts.return_host,
            delivered: order.delivered.as_deref(),
        }),
        Status::Reversed => State::Reversed { order_id, vanished: order.session.is_none() },
        Status::HighRisk => State::HighRisk { order_id },
        Status::Refunded => State::Refunded { order_id },
    }
}

/// What the page shows while the buyer pays on a gateway's.
fn elsewhere<'a>(visit: &'a Visit<'_>, order: &'a Order, session: &'a Session, texts: &'a Strings) -> State<'a> {
    let order_id = order.id.as_str();
    let gateway = order.gateway.name();
    let now = visit.app.now();
    let declined = session.state != SessionState::Open;
    let again = |way| State::Again { gateway, order_id, declined, way };
    match order.status {
        Status::PendingAtPayPal => State::Pending { gateway, order_id },
        Status::PartiallyPaid => State::Expired { received: Some(&texts.received_with_unit), order_id, restart: false },
        _ if session.is_over(now) && now > visit.link.expires_at => again(Again::NewLink),
        _ if session.is_over(now) => again(Again::NewPage),
        // Only who has just asked for it: whoever comes back from there must not be sent there again.
        _ if visit.request.param("go").is_some() => State::Leaving { gateway, href: &session.url },
        _ if declined => again(Again::SamePage(&session.url)),
        _ => State::Away {
            gateway,
            means: order.gateway.method_label(),
            href: &session.url,
            order_id,
            back: visit.request.param("back").as_deref() == Some("paid")
                || visit.request.param("news").as_deref() == Some("back"),
        },
    }
}

fn invoice<'a>(order: &'a Order, texts: &'a Strings) -> Invoice<'a> {
    Invoice {
        coin: order.gateway.name(),
        symbol: symbol(order),
        network: texts.network.as_deref(),
        shared: order.invoice.is_shared(),
        due: &texts.due,
        address: &order.invoice.address,
        uri: &texts.uri,
        qr_side: texts.qr_side,
        qr_path: &texts.qr_path,
        rate: &texts.rate,
        order_id: &order.id,
        transactions: texts
            .receipts
            .iter()
            .map(|(txid, value, confirmations)| Transaction { txid, value, confirmations: *confirmations })
            .collect(),
    }
}

/// What the payment is called where it was made: on the chain, or on the gateway's books.
fn transactions<'a>(standing: &'a Standing, texts: &'a Strings) -> Vec<&'a str> {
    let came = standing.movements.iter().filter(|movement| movement.kind == EntryKind::Paid);
    let mut ids: Vec<&str> = Vec::new();
    for id in texts.receipts.iter().map(|(txid, ..)| txid).chain(came.map(|movement| &movement.of)) {
        if !id.is_empty() && !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    ids
}

/// Only the lowest count of confirmations is stored; with the blocks' heights it gives the others. While something is
/// unconfirmed the tip is unknown, and one confirmation is all that can be said of what is in a block.
fn receipts(language: Language, standing: &Standing) -> Vec<(String, String, u32)> {
    let living = || standing.receipts.iter().filter(|receipt| !receipt.gone);
    let lowest = standing.order.invoice.confirmations;
    let newest = living().filter_map(|receipt| receipt.height).max().unwrap_or(0);
    living()
        .map(|receipt| {
            let confirmations = receipt.height.map_or(0, |height| lowest.max(1).saturating_add(newest - height));
            (receipt.txid.clone(), language.coins(&coin_text(receipt.value)), confirmations)
        })
        .collect()
}

/// The seller's return URL with the order's id and status, and an HMAC-SHA512 over
/// `order_id.status.timestamp` under the seller's webhook secret, so that their page can believe
/// them. While an old secret still signs, `signature` is the oldest one's, and `new_signature`
/// beside it the newest's: a page that takes either may change over at any time.
fn return_url(standing: &Standing) -> Option<String> {
    let order = &standing.order;
    let url = order.return_url.as_deref()?;
    let timestamp = order.paid_at.unwrap_or(order.updated_at) / SECOND;
    let status = order.status.code();
    let signed = format!("{}.{status}.{timestamp}", order.id);
    let secrets = &standing.webhook_secrets;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("order_id", &order.id)
        .append_pair("status", &status.to_string())
        .append_pair("timestamp", &timestamp.to_string())
        .append_pair("signature", &sign::hex_sha512(secrets.in_turn(0), &signed));
    if secrets.are_several() {
        query.append_pair("new_signature", &sign::hex_sha512(&secrets.newest, &signed));
    }
    let query = query.finish();
    Some(with_query(url, &query))
}
