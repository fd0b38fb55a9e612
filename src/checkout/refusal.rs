//! What the shop refuses, worded for a buyer. Faults are logged, and shown with the request's id.

use super::{
    Subject,
    contact::{self, Contact},
    error_page::{self, About, Anew, Bought, Kind, Notice},
    standing::{self, Standing},
    words_for,
};
use crate::{
    http::{Request, Response},
    json::{self, Map, Value},
    platform::LogLine,
    shop::{
        App, Error, Refusal,
        account::{self, Account, contact::Front},
        catalog,
        error::{AccountRefusal, CatalogRefusal, GatewayRefusal, OrderRefusal, PaymentRefusal},
        order::{Order, receipt},
        payment::{self, Link},
        purchase,
    },
    words::{Language, Pay, Words},
};

/// The page of an error. One whose address is ours names the shop, and says how to reach it.
pub async fn answer(app: &App, request: &Request, error: Error, subject: &Subject<'_>, request_id: &str) -> Response {
    let known = Known::of(app, subject).await;
    let words = words_for(app, request, known.language()).await;
    let is_payment = request.segments().first() == Some(&"pay");
    if let Error::Fault(fault) = &error {
        app.platform.log.write(LogLine::error("checkout.failed").request(request_id).because(fault));
    }
    let (kind, retry_after) = match error {
        Error::Fault(_) => (Kind::Broken { request_id }, None),
        Error::Refused(refusal) => kind(refusal, words, is_payment),
    };
    let kind = match (kind, &known) {
        (Kind::CouponGone { .. }, Known::Order { standing, whole: true }) => {
            Kind::CouponGone { anew: without_coupon(app, words, &standing.order).await }
        }
        (kind, _) => kind,
    };
    let again = matches!(kind, Kind::NoPrice | Kind::NoAnswer | Kind::Broken { .. }).then_some(request.path.as_str());
    let about = known.about(app, words, &kind).await;
    let notice = Notice { words, brand: &app.platform.settings.brand, about, kind, again };
    let status = notice.kind.status();
    let document = error_page::document(&notice);
    let response = Response::html(status, document.into_string()).with("cache-control", "no-store");
    match retry_after {
        Some(seconds) => response.with("retry-after", seconds.to_string()),
        None => response,
    }
}

/// What is known of a page's subject when it can't be shown. Without the database a page says as much as it can.
enum Known<'a> {
    Link(&'a str, &'a Link),
    /// `whole`: what was bought may be named.
    Order {
        standing: Box<Standing>,
        whole: bool,
    },
    Shop {
        name: String,
        language: Option<Language>,
        account: &'a Account,
    },
    Nothing,
}

impl<'a> Known<'a> {
    async fn of(app: &App, subject: &'a Subject<'_>) -> Known<'a> {
        match subject {
            Subject::Link(payment_id, link) => Known::Link(payment_id, link),
            Subject::Order(id) | Subject::File(id) => {
                let whole = matches!(subject, Subject::Order(_));
                let found = standing::of_order(app, id).await.ok().flatten();
                found.map_or(Known::Nothing, |standing| Known::Order { standing: Box::new(standing), whole })
            }
            Subject::Thread(account) => match account::shop(app, account).await {
                Ok(shop) => Known::Shop { name: shop.name, language: shop.language, account },
                Err(_) => Known::Nothing,
            },
            Subject::Unknown => Known::Nothing,
        }
    }

    fn language(&self) -> Option<Language> {
        match self {
            Known::Link(_, link) => link.language,
            Known::Order { standing, .. } => standing.language,
            Known::Shop { language, .. } => *language,
            Known::Nothing => None,
        }
    }

    async fn about(&self, app: &App, words: &'static Words, kind: &Kind<'_>) -> Option<About<'_>> {
        match self {
            Known::Link(payment_id, link) => {
                let order_id = payment::order_id(payment_id).filter(|_| !matches!(kind, Kind::Expired));
                let about = order_id.as_deref().map_or(contact::About::Payment(payment_id), contact::About::Order);
                let (contact, front) = if kind.asks_the_seller() {
                    let account = Account::acting(link.account_id, &link.shard, link.test);
                    let front = account::contact::get(app, &account).await.unwrap_or_default();
                    (Contact::of(words, &front, &link.return_origin, about), front)
                } else {
                    (Contact::default(), Front::default())
                };
                let home = contact::home(&front, &link.return_origin);
                let price = words.language.money(&link.price.display());
                let bought = Some(Bought { title: &link.title, quantity: link.quantity, price });
                Some(About { shop: &link.shop_name, bought, test: link.test, order_id, contact, home })
            }
            Known::Order { standing, whole } => {
                let Standing { order, front, return_origin, shop_name, .. } = &**standing;
                let bought = whole.then(|| Bought {
                    title: &order.product_title,
                    quantity: order.quantity,
                    price: words.language.money(&order.price.display()),
                });
                let page = receipt::path(&app.platform.settings.token_keys, &order.id);
                let about = match whole {
                    true => contact::About::Own { order_id: &order.id, page: &page },
                    false => contact::About::Order(&order.id),
                };
                let contact = Contact::of(words, front, return_origin, about);
                let (order_id, home) = (Some(order.id.clone()), contact::home(front, return_origin));
                Some(About { shop: shop_name, bought, test: order.test, order_id, contact, home })
            }
            Known::Shop { name, account, .. } => {
                let front = account::contact::get(app, account).await.unwrap_or_default();
                let contact = Contact::of(words, &front, "", contact::About::Shop);
                let home = contact::home(&front, "");
                Some(About { shop: name, bought: None, test: account.test, order_id: None, contact, home })
            }
            Known::Nothing => None,
        }
    }
}

/// The same order anew, at today's price without the coupon; its product's page asks before it is made. `None`: the product isn't
/// sold there any more.
async fn without_coupon(app: &App, words: &'static Words, order: &Order) -> Option<Anew> {
    let (shop, item) = catalog::item(app, &order.product_id).await.ok().flatten()?;
    let product = &item.product;
    let priced = purchase::price(product.price, order.quantity, &product.volume_discounts, None)?;
    let mut fields = vec![
        ("check".to_owned(), "1".to_owned()),
        ("quantity".into(), order.quantity.to_string()),
        ("gateway".into(), order.gateway.slug().to_owned()),
        ("email".into(), order.buyer.email.clone().unwrap_or_default()),
    ];
    let answers: Map<String, Value> = order.custom.as_deref().and_then(json::from_text).unwrap_or_default();
    for (index, answer) in answers {
        let answer = match answer {
            Value::String(text) => text,
            Value::Bool(true) => "1".into(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        fields.push((format!("custom[{index}]"), answer));
    }
    let price = words.language.money(&priced.value.display());
    let page = format!("/product/{}", order.product_id);
    (shop.account.id == order.account_id).then_some(Anew { price, page, fields })
}

/// What a refusal is to a buyer, and in how many seconds they may try again.
fn kind(refusal: Refusal, words: &'static Words, is_payment: bool) -> (Kind<'static>, Option<u32>) {
    let pay = &words.pay;
    let kind = match refusal {
        Refusal::NotFound | Refusal::Account(AccountRefusal::NotATestAccount) if is_payment => Kind::NotFound,
        Refusal::NotFound | Refusal::Account(AccountRefusal::NotATestAccount) => Kind::NoPage,
        Refusal::Order(OrderRefusal::NotDeliverable | OrderRefusal::NothingToDeliver) => {
            Kind::Refused { title: words.order.no_file_title, text: words.order.no_file_text }
        }
        Refusal::Order(OrderRefusal::Blocked(reference)) => Kind::Blocked { reference },
        Refusal::Payment(PaymentRefusal::Destroyed) => Kind::Gone,
        Refusal::Payment(PaymentRefusal::Expired) => Kind::Expired,
        Refusal::Gateway(refusal) => return of_gateway(refusal, pay),
        Refusal::Account(AccountRefusal::Disabled) => {
            Kind::Refused { title: pay.shop_closed_title, text: pay.shop_closed_text }
        }
        Refusal::Catalog(CatalogRefusal::OutOfStock) => Kind::SoldOut,
        Refusal::Catalog(CatalogRefusal::CouponNotValid) => Kind::CouponGone { anew: None },
        Refusal::Catalog(CatalogRefusal::OrderTooLarge) => {
            Kind::Refused { title: pay.moved_on_title, text: words.shop.quantity_too_large }
        }
        Refusal::Conflict
        | Refusal::Account(_)
        | Refusal::Payment(_)
        | Refusal::Order(_)
        | Refusal::Catalog(_)
        | Refusal::Blacklist(_)
        | Refusal::Feedback(_)
        | Refusal::Query(_)
        | Refusal::Webhook(_)
        | Refusal::Script(_)
        | Refusal::Idempotency(_) => Kind::Refused { title: pay.moved_on_title, text: pay.moved_on_text },
    };
    (kind, None)
}

/// What a gateway refuses, and in how many seconds it may be tried again.
fn of_gateway(refusal: GatewayRefusal, pay: &'static Pay) -> (Kind<'static>, Option<u32>) {
    let refused = |title, text| (Kind::Refused { title, text }, None);
    match refusal {
        GatewayRefusal::NoRate { retry_after } => (Kind::NoPrice, Some(retry_after)),
        GatewayRefusal::Unavailable { retry_after } => (Kind::NoAnswer, Some(retry_after)),
        GatewayRefusal::TooManyOpen { retry_after } => (Kind::Busy, Some(retry_after)),
        GatewayRefusal::Refused(_) => refused(pay.gateway_refused_title, pay.gateway_refused_text),
        GatewayRefusal::NoRateFor { .. } => refused(pay.no_rate_title, pay.no_rate_text),
        GatewayRefusal::TooSmall { .. } => refused(pay.too_small_title, pay.too_small_text),
        // Nobody is refunded from here.
        GatewayRefusal::RefundRefused(_) | GatewayRefusal::CanNotRefund => {
            refused(pay.moved_on_title, pay.moved_on_text)
        }
        GatewayRefusal::NotConfigured
        | GatewayRefusal::SomeNotConfigured(_)
        | GatewayRefusal::NotQuotable
        | GatewayRefusal::WalletTaken(_) => refused(pay.not_set_up_title, pay.not_set_up_text),
    }
}
