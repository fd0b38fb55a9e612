//! From an order to what its page shows.

use super::{
    Visit,
    contact::{self, About, Contact, with_query},
    form::Form,
    standing::Standing,
    view::{Again, Asked, Goods, Invoice, Opinion, Page, Paid, Said, State, Transaction},
};
use crate::{
    http::Method,
    platform::Fault,
    shop::{
        feedback,
        gateway::{EntryKind, GatewayContext, Session, SessionState, qr},
        money::{Amount, coin_text},
        order::{Delivery, Order, Status},
        product::Kind,
        query,
        time::{self, MINUTE, SECOND},
        webhook::sign,
    },
    words::{Language, Words},
};

/// After so long since it was paid, in milliseconds, a receipt is one that was kept: it leads nowhere by itself.
const LEADS_BACK: i64 = 10 * MINUTE;

/// The page's forms, as they were filled in.
#[derive(Default)]
pub struct Forms {
    /// On a payment link: who is the buyer.
    pub claim: Form,
    pub feedback: Option<Form>,
    pub question: Form,
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
    /// Where the shop's name leads.
    home: Option<String>,
    /// Where its file is.
    file: String,
    /// What the buyer has said of it.
    opinion: Form,
    /// Where the threads of its questions are.
    threads: Vec<String>,
}

impl Strings {
    pub fn of(visit: &Visit<'_>, standing: &Standing) -> Result<Strings, Fault> {
        let order = &standing.order;
        let invoice = &order.invoice;
        let symbol = symbol(order);
        let language = visit.words.language;
        let due = coin_text(invoice.missing());
        let account = &standing.account;
        let (way, context) = (order.gateway.of(account), GatewayContext { app: visit.app, account });
        let keys = &visit.app.platform.settings.token_keys;
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
            return_host: standing.return_origin.split("://").last().unwrap_or_default().to_owned(),
            receipts: receipts(language, standing),
            network: way.chain(context),
            paid_at: order.paid_at.map(|at| (time::wire(at), visit.words.moment(at))),
            contact: Contact::of(visit.words, &standing.front, &standing.return_origin, about(visit)),
            file: format!("{}/file", visit.url),
            opinion: standing.feedback.as_ref().map(opinion).unwrap_or_default(),
            threads: standing.queries.iter().map(|query| query::thread::path(keys, account, &query.id)).collect(),
            home: contact::home(&standing.front, &standing.return_origin),
            due,
            uri,
        })
    }
}

/// Whoever has a payment link isn't the buyer yet: it leads to no page of the order's own.
fn about<'a>(visit: &'a Visit<'_>) -> About<'a> {
    match visit.link {
        Some(_) => About::Order(&visit.order_id),
        None => About::Own { order_id: &visit.order_id, page: &visit.page },
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

/// The form of a feedback that is there.
fn opinion(given: &feedback::Feedback) -> Form {
    Form::of(&[("stars", &given.stars.to_string()), ("comment", &given.comment)])
}

pub fn page<'a>(visit: &'a Visit<'_>, standing: &'a Standing, texts: &'a Strings, forms: &'a Forms) -> Page<'a> {
    let order = &standing.order;
    let words = visit.words;
    let stays = visit.request.param("stay").is_some() || visit.request.method == Method::Post;
    let queries = standing.queries.iter().map(|query| query.updated_at);
    let said_at = queries.chain(standing.feedback.as_ref().map(|feedback| feedback.updated_at)).max();
    Page {
        words,
        brand: &visit.app.platform.settings.brand,
        shop: &standing.shop_name,
        title: &order.product_title,
        price: &texts.price,
        quantity: order.quantity,
        test: order.test,
        url: &visit.url,
        home: texts.home.as_deref(),
        order_url: &visit.page,
        stays,
        revision: order.revision.unsigned_abs(),
        said_at: said_at.unwrap_or_default(),
        wrong_currency: order.wrong_currency,
        review: order.status == Status::HighRisk && order.payment_status() != Status::HighRisk,
        contact: &texts.contact,
        state: state(visit, standing, texts, (forms, stays)),
        said: visit.link.is_none().then(|| said(visit, standing, texts, (forms, words))),
    }
}

fn said<'a>(
    visit: &Visit<'_>,
    standing: &'a Standing,
    texts: &'a Strings,
    (forms, words): (&'a Forms, &'static Words),
) -> Said<'a> {
    let given = standing.feedback.as_ref();
    let asked = |(query, href): (&'a query::Query, &'a String)| Asked {
        href,
        subject: &query.subject,
        status: status_word(query.status, words),
    };
    Said {
        feedback: (standing.order.status == Status::Completed).then(|| Opinion {
            given,
            changeable: given.is_none_or(|given| feedback::is_changeable(given, visit.app.now())),
            form: forms.feedback.as_ref().unwrap_or(&texts.opinion),
        }),
        queries: standing.queries.iter().zip(&texts.threads).map(asked).collect(),
        question: &forms.question,
        asks: visit.request.param("stay").as_deref() == Some("question"),
        asks_email: standing.order.buyer.email.is_none(),
    }
}

/// What a question's status means to its customer.
pub fn status_word(status: query::Status, words: &Words) -> &'static str {
    match status {
        query::Status::Open | query::Status::CustomerReplied => words.order.query_waits,
        query::Status::Replied => words.order.query_replied,
        query::Status::Closed => words.order.query_closed,
        query::Status::Solved => words.order.query_solved,
    }
}

fn state<'a>(
    visit: &'a Visit<'_>,
    standing: &'a Standing,
    texts: &'a Strings,
    (forms, stays): (&'a Forms, bool),
) -> State<'a> {
    let order = &standing.order;
    let now = visit.app.now();
    if let Some(session) = order.session.as_ref().filter(|_| order.status.is_open()) {
        return elsewhere(visit, standing, session, texts);
    }
    // Whoever presses twice sees it between the commit that made it and the one that completes it.
    if order.is_free() {
        return State::Free { order_id: &order.id };
    }
    let left = order.invoice.expires_at - now;
    // Rounded up, so that the page asks again just after the end and not just before it.
    let seconds_left = u64::try_from((left + SECOND - 1) / SECOND).unwrap_or(0);
    let order_id = order.id.as_str();
    match order.payment_status() {
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
        Status::Completed => State::Paid(paid(visit, standing, texts, (forms, stays))),
        Status::Reversed => State::Reversed { order_id, vanished: order.session.is_none() },
        Status::HighRisk => State::HighRisk { order_id, free: order.price.minor() == 0 },
        Status::Refunded => State::Refunded { order_id },
    }
}

fn paid<'a>(
    visit: &Visit<'_>,
    standing: &'a Standing,
    texts: &'a Strings,
    (forms, stays): (&'a Forms, bool),
) -> Paid<'a> {
    let order = &standing.order;
    let in_coins = order.session.is_none();
    let came = if in_coins { order.invoice.received > 0 } else { order.paid_value > 0 };
    // A payment link shows the receipt to nobody but the buyer, who is led on by now: this is somebody else, or the buyer in
    // another browser, and they are to go back where they came from.
    let recent = order.paid_at.is_some_and(|at| visit.app.now() < at + LEADS_BACK);
    let goods = match visit.link {
        Some(_) => Goods::Elsewhere(order.buyer.email.is_some().then_some(&forms.claim)),
        None => goods(order, texts),
    };
    // Nobody is led away from goods that are still to come.
    let leaves = !stays && !goods.will_come() && (recent || visit.link.is_some());
    Paid {
        gateway: order.gateway.name(),
        received: came.then_some(texts.received_with_unit.as_str()),
        free: order.price.minor() == 0,
        order_id: &order.id,
        rate: (in_coins && came).then_some(texts.rate.as_str()),
        overpaid: texts.surplus.as_deref(),
        short: texts.short.as_deref().filter(|_| came),
        refunded: texts.refunded.as_deref(),
        late: order.invoice.late,
        date: texts.paid_at.as_ref().map(|(wire, words)| (wire.as_str(), words.as_str())),
        transactions: transactions(visit, standing, texts),
        return_url: texts.return_url.as_deref(),
        shop_return: &texts.return_host,
        leaves: leaves && texts.return_url.is_some(),
        goods,
    }
}

fn goods<'a>(order: &'a Order, texts: &'a Strings) -> Goods<'a> {
    let is_file = order.item.as_ref().is_some_and(|item| item.kind == Kind::File);
    let file = is_file && order.delivery == Some(Delivery::Delivered);
    Goods::Here {
        delivery: order.delivery,
        text: order.delivered.as_deref().filter(|_| !is_file),
        file: file.then_some(texts.file.as_str()),
    }
}

/// What the page shows while the buyer pays on a gateway's.
fn elsewhere<'a>(visit: &'a Visit<'_>, standing: &'a Standing, session: &'a Session, texts: &'a Strings) -> State<'a> {
    let order = &standing.order;
    let order_id = order.id.as_str();
    let gateway = order.gateway.name();
    let now = visit.app.now();
    let declined = session.state != SessionState::Open;
    let again = |way| State::Again { gateway, order_id, declined, way };
    match order.payment_status() {
        Status::HighRisk => State::HighRisk { order_id, free: false },
        Status::PendingAtPayPal => State::Pending { gateway, order_id },
        Status::PartiallyPaid => State::Expired { received: Some(&texts.received_with_unit), order_id, restart: false },
        _ if session.is_over(now) && now > standing.payable_until => again(Again::NewLink),
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
fn transactions<'a>(visit: &Visit<'_>, standing: &'a Standing, texts: &'a Strings) -> Vec<(&'a str, Option<String>)> {
    let came = standing.movements.iter().filter(|movement| movement.kind == EntryKind::Paid);
    let mut ids: Vec<&str> = Vec::new();
    for id in texts.receipts.iter().map(|(txid, ..)| txid).chain(came.map(|movement| &movement.of)) {
        if !id.is_empty() && !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    let context = GatewayContext { app: visit.app, account: &standing.account };
    let way = standing.order.gateway.of(&standing.account);
    ids.into_iter().map(|id| (id, way.explorer(context, id))).collect()
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
