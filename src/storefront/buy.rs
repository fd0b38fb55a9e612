//! Buying a product: its page, and the order that its form makes.

use sha2::{Digest, Sha256};

use super::{
    Visit, broken,
    form::{Form, asks_price, inputs},
    product::{Sale, main},
    terms,
};
use crate::{
    checkout::connection,
    http::Response,
    platform::LimitKind,
    shop::{
        Error, Refusal,
        catalog::{self, Item, Shop},
        error::{AccountRefusal, CatalogRefusal, GatewayRefusal, OrderRefusal},
        gateway::Gateway,
        id,
        money::Amount,
        order::{self, Buyer, Draft, Order, receipt, sync},
        product::Product,
        purchase::{self, Known, Offer, Problem},
    },
    words::{self, Words},
};

pub fn show(visit: &Visit<'_>, shop: &Shop, item: &Item) -> Response {
    let gateways = gateways(shop, &item.product);
    let form = Form::blank(visit, item.product.minimum_quantity, gateways.first().copied());
    page(visit, shop, item, (200, item.stock), &form)
}

fn page(visit: &Visit<'_>, shop: &Shop, item: &Item, (status, stock): (u16, Option<i64>), form: &Form) -> Response {
    let product = &item.product;
    let gateways = gateways(shop, product);
    let sale =
        Sale { words: visit.words, shop, item, stock, gateways: &gateways, inputs: &inputs(product.custom.as_deref()) };
    let mut frame = visit.frame(Some(shop), &product.title);
    frame.path = (!product.unlisted && shop.appearance.listed).then(|| format!("/product/{}", product.id));
    visit.page(status, &frame, main(&sale, form))
}

/// Those that the product may be paid by, that are set up, and that take its currency.
fn gateways(shop: &Shop, product: &Product) -> Vec<Gateway> {
    let takes =
        |gateway: &&Gateway| product.takes(gateway.slug()) && gateway.decimals(product.price.currency()).is_some();
    shop.gateways.iter().filter(takes).copied().collect()
}

/// Three round trips: one reads what is wished and whether this form made an order already, two make the order.
pub async fn buy(visit: &Visit<'_>, shop: &Shop, item: &Item) -> Result<Response, Error> {
    let (app, account, words) = (visit.app, &shop.account, visit.words);
    let mut form = Form::read(visit, &inputs(item.product.custom.as_deref()));
    let gateways = gateways(shop, &item.product);
    let mut wish = form.wish(words, &item.product.id, &gateways);
    let order_id = order_id(account.id, &item.product.id, &form);
    let other = vec![order::sql::by_id(account.id, &order_id), catalog::terms(account.id)];
    let (known, others) = purchase::read_with(app, account, &wish, other).await?;
    if known.product.private {
        return Err(Refusal::NotFound.into());
    }
    if let Some(row) = others.first().and_then(|rows| rows.first()) {
        return Ok(to_order(visit, &order::sql::from_row(row)?));
    }
    let terms_url = catalog::read_terms(others.get(1).and_then(|rows| rows.first()))?;
    let newer;
    let (shop, item) = match is_same_offer(&item.product, &known.product) && shop.appearance.terms_url == terms_url {
        true => (shop, item),
        // What is remembered is up to a minute old.
        false => {
            catalog::forget(app, account.id);
            newer = catalog::item(app, &item.product.id).await?.ok_or(Refusal::NotFound)?;
            let (shop, item) = (&*newer.0, &*newer.1);
            form = Form::read(visit, &inputs(item.product.custom.as_deref()));
            wish = form.wish(words, &item.product.id, &self::gateways(shop, &item.product));
            (shop, item)
        }
    };
    let gateways = self::gateways(shop, &item.product);
    let shown = |status, form: &Form| page(visit, shop, item, (status, known.stock), form);
    let total = purchase::total(&known, &wish, app.now());
    if asks_price(visit.request) {
        form.ask_price_alone();
    }
    // As old as the buyer's page is, so old is what they agree to.
    let quantity = wish.quantity.or_else(|| u32::try_from(known.product.minimum_quantity).ok()).unwrap_or_default();
    let terms_are_same = terms::are_as_shown(&form.seen, &known.product, terms_url.as_deref(), quantity);
    let total_is_same = total.as_ref().map_or(true, |total| terms::is_total_as_shown(&form, *total));
    let is_as_shown = form.seen.is_empty() || (terms_are_same && total_is_same);
    if !is_as_shown {
        form.ask_price_alone();
        form.wrong.whole = Some(words.shop.changed.to_owned());
        form.total = total.ok().filter(|_| !form.sum.is_empty() || asks_price(visit.request));
        form.sum.clear();
        return Ok(shown(409, &form));
    }
    let is_free = total.as_ref().is_ok_and(|total| total.minor() == 0);
    if is_free {
        form.wrong.gateway = None;
        form.total = total.as_ref().ok().copied();
    }
    let chosen = wish.gateways.first().copied();
    let is_taken = |price: Amount| chosen.is_none_or(|gateway| takes(gateway, price));
    let not_taken = |gateway: Gateway| words::fill(words.shop.gateway_amount, &[("gateway", gateway.name())]);
    if asks_price(visit.request) {
        let status = match total {
            Ok(total) => {
                form.total = Some(total);
                form.wrong.gateway = chosen.filter(|_| !is_taken(total)).map(not_taken);
                if form.wrong.is_empty() { 200 } else { 422 }
            }
            Err(problems) => note(visit, &mut form, &known, &wish, &problems),
        };
        return Ok(shown(status, &form));
    }
    let offer = match purchase::offer(&known, &wish, app.now()) {
        Ok(offer) => offer,
        Err(problems) => {
            let status = note(visit, &mut form, &known, &wish, &problems);
            return Ok(shown(status, &form));
        }
    };
    if let Some(gateway) = chosen.filter(|_| !is_taken(offer.price)) {
        form.wrong.gateway = Some(not_taken(gateway));
    }
    if !form.wrong.is_empty() {
        return Ok(shown(422, &form));
    }
    // Where nothing is to be paid, nobody is asked through what.
    let gateway = chosen.or_else(|| gateways.first().copied()).ok_or_else(|| broken("an order has no gateway"))?;
    if !may_order(visit).await {
        form.wrong.whole = Some(words.shop.too_many_text.to_owned());
        return Ok(shown(429, &form).with("retry-after", "60"));
    }
    let draft = draft(visit, order_id.clone(), offer, gateway, wish.email.clone());
    match place(visit, shop, draft).await {
        Ok(order) => {
            // It has taken stock.
            catalog::forget(app, account.id);
            Ok(to_order(visit, &order))
        }
        // The same form came twice at the same time.
        Err(Error::Refused(Refusal::Conflict)) => Ok(to_order(visit, &order::get(app, account, &order_id).await?)),
        Err(Error::Refused(refusal)) => {
            catalog::forget(app, account.id);
            // What is left now is in the next reading.
            let stock = purchase::read(app, account, &wish).await.map_or(known.stock, |known| known.stock);
            let status = match (&refusal, stock.filter(|left| *left >= known.product.minimum_quantity.max(1))) {
                (Refusal::Catalog(CatalogRefusal::OutOfStock), Some(left)) if left < i64::from(quantity) => {
                    form.wrong.quantity = Some(only_left(words, left));
                    409
                }
                _ => refused(visit, &mut form, refusal, gateway, without_coupon(&known, &wish)),
            };
            Ok(page(visit, shop, item, (status, stock), &form))
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a buyer who saw the one gets the other.
fn is_same_offer(seen: &Product, now: &Product) -> bool {
    let terms = |product: &Product| {
        let Product { title, price, kind, gateways, custom, volume_discounts, .. } = product.clone();
        (title, price, kind, gateways, custom, volume_discounts, product.minimum_quantity, product.maximum_quantity)
    };
    terms(seen) == terms(now)
}

/// Requests of the minute that an order counts as. Whoever makes orders without paying them takes stock and addresses.
const ORDER_COST: u32 = 6;

/// Whether this network may make another order now.
async fn may_order(visit: &Visit<'_>) -> bool {
    let key = format!("order {}", visit.request.network());
    for _ in 0..ORDER_COST {
        if !visit.app.allows(LimitKind::Anonymous, &key).await {
            return false;
        }
    }
    true
}

async fn place(visit: &Visit<'_>, shop: &Shop, draft: Draft) -> Result<Order, Error> {
    let (app, account) = (visit.app, &shop.account);
    let placed = order::open::place(app, account, draft, Vec::new()).await?.on_taken("orders", "id", Refusal::Conflict);
    let (order, _) = placed.commit(app, Vec::new()).await?;
    if order.is_free() {
        sync::now(app, account, &order.id).await?;
    }
    Ok(order)
}

/// A page elsewhere is gone to at once.
fn to_order(visit: &Visit<'_>, order: &Order) -> Response {
    let path = receipt::path(&visit.app.platform.settings.token_keys, &order.id);
    let go = if order.session.is_some() { "?go=1" } else { "" };
    Response::see_other(&format!("{path}{go}")).with("cache-control", "no-store")
}

/// The order that this form makes: another one once a field of it is another. Nobody knows the random part but who was shown the form.
fn order_id(account_id: i64, product_id: &str, form: &Form) -> String {
    let fields = [product_id, &form.once, &form.quantity, &form.email, &form.gateway, &form.coupon];
    let mut hash = Sha256::new_with_prefix(format!("order form 1.{account_id}"));
    for field in fields.into_iter().chain(form.answers.iter().map(String::as_str)) {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [first, _] = halves(digest);
    id::uuid(first)
}

fn halves(digest: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (half, bytes) in halves.iter_mut().zip(digest.chunks(16)) {
        half.copy_from_slice(bytes);
    }
    halves
}

fn draft(visit: &Visit<'_>, id: String, offer: Offer, gateway: Gateway, email: Option<String>) -> Draft {
    let (request, origin) = (visit.request, visit.origin());
    let short = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    let path = receipt::path(&visit.app.platform.settings.token_keys, &id);
    let product = offer.product;
    Draft {
        id,
        payment_id: None,
        product_id: product.id,
        product_title: product.title,
        item: Some(offer.item),
        price: offer.price,
        quantity: offer.quantity,
        gateway,
        confirmations: u32::try_from(product.crypto_confirmations).ok(),
        buyer: Buyer {
            email,
            ip_address: request.header("cf-connecting-ip").map(|ip| short(ip, 64)),
            country_code: request.country.clone(),
            user_agent: request.header("user-agent").map(|agent| short(agent, 512)),
            referral: None,
        },
        custom: offer.custom,
        return_url: None,
        webhook_url: product.webhook_url,
        webhook_dialect: Default::default(),
        origin: origin.to_owned(),
        page: Some(format!("{origin}{path}")),
        attempt: 0,
        visitor: connection::visitor(request),
    }
}

/// Gateways take some currencies only, of some of them no fractions, and nothing too small.
fn takes(gateway: Gateway, price: Amount) -> bool {
    let currency = price.currency();
    price.minor() == 0
        || (gateway.decimals(currency).is_some_and(|decimals| price.text(decimals).is_some())
            && gateway.min_price(currency).is_none_or(|min| price.minor() >= min.minor()))
}

/// Notes what is wrong at its field, and answers the status: 409 where only the stock has changed since the form was shown.
fn note(visit: &Visit<'_>, form: &mut Form, known: &Known, wish: &purchase::Wish, problems: &[Problem]) -> u16 {
    let without = without_coupon(known, wish);
    for problem in problems {
        form.note(visit.words, problem, without);
    }
    let wanted = wish.quantity.map_or(known.product.minimum_quantity, i64::from);
    let within =
        wanted >= known.product.minimum_quantity && known.product.maximum_quantity.is_none_or(|max| wanted <= max);
    match problems {
        [Problem::OutOfStock | Problem::NoFile] => 409,
        [Problem::Quantity { max: Some(left), .. }] if within => {
            form.wrong.quantity = Some(only_left(visit.words, *left));
            409
        }
        _ => 422,
    }
}

fn only_left(words: &Words, left: i64) -> String {
    words::fill(words.shop.only_left, &[("count", &left.to_string())])
}

/// What the wish costs without its coupon; `None` if there is none, or nothing to price.
fn without_coupon(known: &Known, wish: &purchase::Wish) -> Option<Amount> {
    wish.coupon.as_ref()?;
    let quantity = wish.quantity.or_else(|| u32::try_from(known.product.minimum_quantity).ok())?;
    let product = &known.product;
    purchase::price(product.price, quantity, &product.volume_discounts, None).map(|priced| priced.value)
}

/// What was refused when the order was made, at its field, and the status.
fn refused(visit: &Visit<'_>, form: &mut Form, refusal: Refusal, gateway: Gateway, without: Option<Amount>) -> u16 {
    let said = &visit.words.shop;
    let at_gateway = |text: &str| Some(words::fill(text, &[("gateway", gateway.name())]));
    match refusal {
        Refusal::Catalog(CatalogRefusal::OutOfStock) => {
            form.wrong.whole = Some(said.gone.to_owned());
            409
        }
        Refusal::Catalog(CatalogRefusal::OrderTooLarge) => {
            form.wrong.quantity = Some(said.quantity_too_large.to_owned());
            422
        }
        Refusal::Catalog(CatalogRefusal::CouponNotValid) => {
            form.coupon_wrong(visit.words, without);
            422
        }
        Refusal::Gateway(GatewayRefusal::TooManyOpen { .. }) => {
            form.wrong.gateway = Some(visit.words.pay.busy_text.to_owned());
            503
        }
        Refusal::Gateway(GatewayRefusal::NoRate { .. } | GatewayRefusal::Unavailable { .. }) => {
            form.wrong.gateway = at_gateway(said.gateway_away);
            503
        }
        Refusal::Gateway(GatewayRefusal::TooSmall { .. } | GatewayRefusal::NotQuotable) => {
            form.wrong.gateway = at_gateway(said.gateway_amount);
            422
        }
        Refusal::Gateway(_) => {
            form.wrong.gateway = at_gateway(said.gateway_closed);
            422
        }
        Refusal::Order(OrderRefusal::Blocked(reference)) => {
            form.wrong.whole = Some(words::fill(said.blocked, &[("reference", &reference)]));
            403
        }
        Refusal::Account(AccountRefusal::Disabled) => {
            form.wrong.whole = Some(said.closed.to_owned());
            403
        }
        _ => {
            form.wrong.whole = Some(said.refused_text.to_owned());
            422
        }
    }
}
