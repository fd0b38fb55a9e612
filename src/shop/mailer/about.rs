//! What each mail is about, and what it says of it as it is now.

use super::{letter::Letter, line, sql, sql::Shop};
use crate::{
    platform::{Fault, Keys, Mail, Row, Statement},
    shop::{
        App,
        account::Account,
        mail::Fact,
        order::{self, Delivery, Order, Status, receipt},
        product,
        product::Kind,
        query::{self, Query, Reply, Side, thread},
        text::email,
        webhook::{self, Endpoint},
    },
    words::{Words, fill},
};

/// Bytes of goods that a mail holds; more are on the receipt alone. Webmail cuts a message off at
/// 102 KB, and this one has the goods in HTML.
const MAX_GOODS: usize = 20 << 10;
/// Bytes of a message that a mail quotes.
const MAX_QUOTE: usize = 20 << 10;

/// What has to be read for a mail.
pub fn statements(account_id: i64, fact: &Fact) -> Vec<Statement> {
    match fact {
        Fact::Paid { order_id } | Fact::Delivered { order_id, .. } => {
            vec![order::sql::by_id(account_id, order_id), product::sql::email_message(account_id, order_id)]
        }
        Fact::Asked { query_id } => {
            vec![query::sql::one(account_id, query_id), sql::origin_of_query(account_id, query_id)]
        }
        Fact::Replied { query_id, number } => vec![
            query::sql::one(account_id, query_id),
            sql::origin_of_query(account_id, query_id),
            query::sql::numbered_reply(account_id, query_id, *number),
        ],
        Fact::RanLow { product_id, .. } | Fact::RanOut { product_id, .. } => {
            vec![product::sql::one(account_id, product_id)]
        }
        Fact::Disabled { endpoint_id, .. } => vec![webhook::sql::one(account_id, endpoint_id)],
    }
}

/// Who writes to whom, in the words of one language.
struct Writer<'a> {
    app: &'a App,
    account: &'a Account,
    words: &'static Words,
    shop: &'a Shop,
}

/// What becomes of a fact.
pub enum Told {
    By(Mail),
    /// There is nothing to tell any more, or nobody who can be told.
    Nothing,
    /// The order's money is disputed, or went back. The receipt tells that story; should the money
    /// come back, there is this to tell.
    Later,
}

/// `rows` are the answers to `statements`.
pub fn mail(
    app: &App,
    account: &Account,
    words: &'static Words,
    shop: &Shop,
    fact: &Fact,
    rows: &[Vec<Row>],
) -> Result<Told, Fault> {
    let writer = Writer { app, account, words, shop };
    let row = |at: usize| rows.get(at).and_then(|rows| rows.first());
    let Some(subject) = row(0) else { return Ok(Told::Nothing) };
    let (to, letter) = match fact {
        Fact::Paid { .. } | Fact::Delivered { .. } => {
            let order = order::sql::from_row(subject)?;
            let Some(buyer) = order.buyer.email.as_deref() else { return Ok(Told::Nothing) };
            if order.status != Status::Completed {
                return Ok(Told::Later);
            }
            let first = matches!(fact, Fact::Paid { .. });
            let message = row(1).map(|row| row.read(|row| Ok(row.maybe_text()))).transpose()?.flatten();
            (To::Buyer(buyer.to_owned()), writer.order(&order, first, message.as_deref()))
        }
        Fact::Asked { .. } | Fact::Replied { .. } => {
            let query = query::sql::query(subject, &[])?;
            let origin = row(1).map(|row| row.text()).transpose()?;
            match fact {
                Fact::Asked { .. } => (To::SellerFrom(query.email.clone()), writer.asked(&query)),
                _ => {
                    let Some(reply) = row(2) else { return Ok(Told::Nothing) };
                    let reply = query::sql::reply_row(reply)?;
                    let to = match reply.from {
                        Side::Seller => To::Buyer(query.email.clone()),
                        Side::Customer => To::SellerFrom(query.email.clone()),
                    };
                    (to, writer.replied(&query, &reply, origin))
                }
            }
        }
        Fact::RanLow { at, .. } => {
            let product = product::sql::product(subject)?;
            // Restocked meanwhile or run out, which has a mail of its own.
            let Some(left) = product.stock().filter(|left| *left > 0) else { return Ok(Told::Nothing) };
            (To::Seller, writer.ran_low(&product.title, left, *at))
        }
        Fact::RanOut { at, .. } => (To::Seller, writer.ran_out(&product::sql::product(subject)?.title, *at)),
        Fact::Disabled { .. } => {
            let endpoint = webhook::sql::endpoint(subject)?;
            if endpoint.disabled_at.is_none() {
                return Ok(Told::Nothing);
            }
            let to = endpoint.contact_email.clone().map_or(To::Seller, To::Contact);
            (to, writer.disabled(&endpoint))
        }
    };
    Ok(writer.address(to, &letter).map_or(Told::Nothing, Told::By))
}

enum To {
    Buyer(String),
    Seller,
    /// Whom an endpoint names.
    Contact(String),
    /// An answer goes to this customer.
    SellerFrom(String),
}

impl Writer<'_> {
    /// `None` when the receiver has no address that a mail can go to.
    fn address(&self, to: To, letter: &Letter) -> Option<Mail> {
        let settings = self.app.platform.settings.email.as_ref()?;
        let (to, reply_to, sender) = match to {
            To::Buyer(to) => (to, self.shop.contact.email.clone(), &self.shop.name),
            To::Seller => (self.shop.email.clone(), None, &self.app.platform.settings.brand),
            To::Contact(to) => (to, None, &self.app.platform.settings.brand),
            To::SellerFrom(customer) => (self.shop.email.clone(), Some(customer), &self.app.platform.settings.brand),
        };
        Some(Mail {
            from_name: line::name(settings.name.as_ref().unwrap_or(sender)),
            from: settings.address.clone(),
            to: email::mailbox(&to)?,
            reply_to: reply_to.and_then(|reply_to| email::mailbox(&reply_to)),
            subject: letter.subject.clone(),
            html: letter.html(self.words),
            text: letter.text(),
        })
    }

    /// The link to a page of ours, where its address is known.
    fn page(&self, origin: &str, path: impl FnOnce(&Keys) -> String) -> Option<String> {
        let settings = &self.app.platform.settings;
        let origin = Some(origin).filter(|origin| !origin.is_empty()).or(settings.public_url.as_deref())?;
        Some(format!("{origin}{}", path(&settings.token_keys)))
    }

    /// `first`: that it was paid. Otherwise what was paid for before is there. `message` is what its seller says of the product.
    fn order(&self, order: &Order, first: bool, message: Option<&str>) -> Letter {
        let words = &self.words.mail;
        let (shop, title) = (line::place(&self.shop.name), line::place(&order.product_title));
        let places = [("shop", shop.as_str()), ("title", title.as_str())];
        // Of what cost nothing, or was completed by hand, nobody has received a payment.
        let paid = order.price.minor() > 0 && !order.accepted;
        let (subject, line) = match first {
            true if paid => (words.paid_subject, words.paid),
            true => (words.paid_subject, words.complete),
            false => (words.delivered_subject, words.delivered),
        };
        let mut letter = Letter::new(&fill(subject, &places));
        letter.line(fill(line, &places));
        if order.test {
            letter.line(words.test_order);
        }
        if let Some(message) = message.filter(|_| first) {
            letter.quote(message);
        }
        self.goods(&mut letter, order, &places);
        if let Some(url) = self.page(&order.origin, |keys| receipt::path(keys, &order.id)) {
            letter.link(words.receipt, url);
            letter.small(words.receipt_keep);
        }
        letter.facts(vec![
            (words.product, line::place(&order.product_title)),
            (words.price, self.words.language.money(&order.price.display())),
            (words.order_number, order.id.clone()),
        ]);
        let contact = &self.shop.contact;
        if contact.email.is_some() {
            letter.small(fill(words.reply_to_this, &places));
        } else if let Some(url) = &contact.url {
            letter.small(fill(words.ask_at, &[("shop", &shop), ("url", &line::place(url))]));
        }
        letter
    }

    fn goods(&self, letter: &mut Letter, order: &Order, places: &[(&str, &str)]) {
        let words = &self.words.mail;
        let goods = order.delivered.as_deref().filter(|goods| !goods.trim().is_empty());
        match (order.delivery, goods) {
            (None, None) => {}
            (Some(Delivery::Delivered), Some(link))
                if order.item.as_ref().is_some_and(|item| item.kind == Kind::File) =>
            {
                letter.link(words.download, link.to_owned());
            }
            (_, Some(goods)) if goods.len() > MAX_GOODS => letter.line(words.goods_too_long),
            (_, Some(goods)) => letter.goods(words.goods, goods),
            (Some(Delivery::Preparing), None) => letter.line(fill(words.goods_preparing, places)),
            (Some(Delivery::OutOfStock), None) => letter.line(fill(words.goods_out_of_stock, places)),
            (Some(Delivery::Failed), None) => letter.line(fill(words.goods_failed, places)),
            (Some(Delivery::Manual | Delivery::Delivered), None) => letter.line(fill(words.goods_manual, places)),
        }
    }

    fn asked(&self, query: &Query) -> Letter {
        let words = &self.words.mail;
        let mut letter = Letter::new(&fill(words.asked_subject, &[("subject", &line::place(&query.subject))]));
        letter.line(fill(words.asked, &[("email", &line::place(&query.email))]));
        letter.quote(&quoted(&query.message));
        self.about_order(&mut letter, query);
        letter.small(fill(words.answer_how, &[("id", &query.id)]));
        letter
    }

    fn replied(&self, query: &Query, reply: &Reply, origin: Option<String>) -> Letter {
        let words = &self.words.mail;
        let (subject, shop, email) =
            (line::place(&query.subject), line::place(&self.shop.name), line::place(&query.email));
        let places = [("subject", subject.as_str()), ("shop", shop.as_str()), ("email", email.as_str())];
        let mut letter = match reply.from {
            Side::Seller => {
                let mut letter = Letter::new(&fill(words.reply_subject, &places));
                letter.line(fill(words.seller_replied, &places));
                letter
            }
            Side::Customer => {
                let mut letter = Letter::new(&fill(words.asked_subject, &places));
                letter.line(fill(words.customer_replied, &places));
                letter
            }
        };
        letter.quote(&quoted(&reply.message));
        self.about_order(&mut letter, query);
        match reply.from {
            Side::Customer => letter.small(fill(words.answer_how, &[("id", &query.id)])),
            Side::Seller => {
                if let Some(url) =
                    self.page(&origin.unwrap_or_default(), |keys| thread::path(keys, self.account, &query.id))
                {
                    letter.link(words.thread, url);
                }
            }
        }
        letter
    }

    fn about_order(&self, letter: &mut Letter, query: &Query) {
        if let Some(order_id) = &query.order_id {
            letter.facts(vec![(self.words.mail.order_number, order_id.clone())]);
        }
    }

    fn ran_low(&self, title: &str, left: i64, at: i64) -> Letter {
        let words = &self.words.mail;
        let (title, left, at) = (line::place(title), left.to_string(), self.words.moment(at));
        let places = [("title", title.as_str()), ("count", left.as_str()), ("time", at.as_str())];
        let mut letter = Letter::new(&fill(words.low_subject, &places));
        letter.line(fill(words.low, &places));
        letter
    }

    fn ran_out(&self, title: &str, at: i64) -> Letter {
        let words = &self.words.mail;
        let (title, at) = (line::place(title), self.words.moment(at));
        let places = [("title", title.as_str()), ("time", at.as_str())];
        let mut letter = Letter::new(&fill(words.out_subject, &places));
        letter.line(fill(words.out, &places));
        letter.line(words.out_then);
        letter
    }

    /// The path of a receiver's URL may be a secret: its id and its host say which it is.
    fn disabled(&self, endpoint: &Endpoint) -> Letter {
        let words = &self.words.mail;
        let url = webhook::url::read(&endpoint.url).map(|url| webhook::url::origin(&url)).unwrap_or_default();
        let mut letter = Letter::new(words.disabled_subject);
        letter.line(match endpoint.disabled_reason.as_deref() {
            Some("gone") => words.disabled_gone,
            _ => words.disabled_failing,
        });
        letter.facts(vec![(words.endpoint, format!("{} ({url})", endpoint.id))]);
        letter.line(fill(words.disabled_then, &[("id", &endpoint.id)]));
        letter
    }
}

/// A message, cut off where it is too long for a mail.
fn quoted(message: &str) -> String {
    if message.len() <= MAX_QUOTE {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MAX_QUOTE);
    format!("{}…", message.get(..end).unwrap_or_default())
}
