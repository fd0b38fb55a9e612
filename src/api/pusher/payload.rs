//! What the events of this dialect say: the shop's own data in the forms of Zettle's purchases, products, inventory and
//! organizations. What the shop has nothing of is constant, and `docs/dialects/zettle-pusher.md` says what.

use serde::Serialize;

use super::organization as organization_uuid;
use crate::{
    json,
    shop::{
        event::Test,
        id,
        money::Currency,
        oauth::grant::Disconnected,
        order::Order,
        product::{Changed, Product, Removed, StockMove},
        seller::{KeyReplaced, Updated},
        time,
        webhook::Event,
    },
};

/// A product, in any account of it: `id` is one of its account.
fn uuid_of(kind: &str, account_id: i64, id: &str) -> String {
    id::named_uuid(kind, &format!("{account_id}:{id}"))
}

/// Whoever acts: an account is one user.
fn user(account_id: i64) -> String {
    id::named_uuid("user", &account_id.to_string())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Purchase<'a> {
    purchase_uuid: &'a str,
    source: &'static str,
    user_uuid: String,
    currency: &'a str,
    country: Option<&'a str>,
    amount: i64,
    vat_amount: i64,
    timestamp: i64,
    created: String,
    purchase_number: i64,
    user_display_name: Option<&'a str>,
    organization_uuid: String,
    products: [Sold<'a>; 1],
    discounts: Vec<Discount>,
    payments: [Payment; 1],
    references: References<'a>,
    taxation_mode: &'static str,
    taxation_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sold<'a> {
    id: &'static str,
    product_uuid: Option<String>,
    variant_uuid: Option<String>,
    name: &'a str,
    variant_name: &'static str,
    unit_price: i64,
    quantity: String,
    vat_percentage: u8,
    tax_rates: [(); 0],
    tax_exempt: bool,
    auto_generated: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    details: Empty,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discount {
    name: &'static str,
    amount: i64,
    quantity: &'static str,
}

#[derive(Serialize)]
struct Payment {
    uuid: String,
    amount: i64,
    #[serde(rename = "type")]
    kind: String,
    attributes: Empty,
}

#[derive(Serialize)]
struct References<'a> {
    #[serde(rename = "checkoutUUID")]
    checkout_uuid: &'a str,
}

/// An order that is paid.
pub fn purchase(_: Event, order: &Order) -> String {
    let account_id = order.account_id;
    let subtotal = order.item.as_ref().map_or(order.price.minor(), |item| item.subtotal);
    // A price is of all together: what can't be divided is one.
    let quantity = match i64::from(order.quantity) {
        quantity if quantity > 1 && subtotal % quantity == 0 => quantity,
        _ => 1,
    };
    let product = |kind| order.item.as_ref().map(|_| uuid_of(kind, account_id, &order.product_id));
    let sold = Sold {
        id: "0",
        product_uuid: product("product"),
        variant_uuid: product("variant"),
        name: &order.product_title,
        variant_name: "",
        unit_price: subtotal / quantity,
        quantity: quantity.to_string(),
        vat_percentage: 0,
        tax_rates: [],
        tax_exempt: false,
        auto_generated: order.item.is_none(),
        kind: if order.item.is_some() { "PRODUCT" } else { "CUSTOM_AMOUNT" },
        details: Empty {},
    };
    let off = subtotal - order.price.minor();
    let discount = (off > 0).then_some(Discount { name: "Discount", amount: off, quantity: "1" });
    let at = order.paid_at.unwrap_or(order.updated_at);
    json::to_text(&Purchase {
        purchase_uuid: &order.id,
        source: "ONLINE",
        user_uuid: user(account_id),
        currency: order.price.currency().code(),
        country: order.buyer.country_code.as_deref(),
        amount: order.price.minor(),
        vat_amount: 0,
        timestamp: at,
        created: time::basic_offset(at),
        purchase_number: order.seq,
        user_display_name: None,
        organization_uuid: organization_uuid(account_id),
        products: [sold],
        discounts: discount.into_iter().collect(),
        payments: [Payment {
            uuid: uuid_of("payment", account_id, &order.id),
            amount: order.price.minor(),
            kind: order.gateway.slug().to_uppercase(),
            attributes: Empty {},
        }],
        references: References { checkout_uuid: &order.id },
        taxation_mode: "INCLUSIVE",
        taxation_type: "NONE",
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entity<'a> {
    uuid: String,
    organization_uuid: String,
    name: &'a str,
    description: &'a str,
    variants: [Variant; 1],
    vat_percentage: &'static str,
    online: Online<'a>,
    variant_option_definitions: Definitions,
    etag: String,
    updated: String,
    updated_by_user_uuid: String,
    created: String,
    created_by_user_uuid: String,
    category: Option<()>,
    tax_exempt: bool,
}

#[derive(Serialize)]
struct Variant {
    uuid: String,
    name: &'static str,
    price: Price,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    amount: i64,
    currency_id: &'static str,
}

#[derive(Serialize)]
struct Online<'a> {
    status: &'static str,
    seo: Seo<'a>,
}

#[derive(Serialize)]
struct Seo<'a> {
    slug: &'a str,
}

#[derive(Serialize)]
struct Definitions {
    definitions: [(); 0],
}

fn code(currency: Currency) -> &'static str {
    currency.code()
}

fn entity(product: &Product) -> Entity<'_> {
    let (account_id, user) = (product.account_id, user(product.account_id));
    let etag = uuid_of("etag", account_id, &format!("{}:{}", product.id, product.updated_at));
    Entity {
        uuid: uuid_of("product", account_id, &product.id),
        organization_uuid: organization_uuid(account_id),
        name: &product.title,
        description: &product.description,
        variants: [Variant {
            uuid: uuid_of("variant", account_id, &product.id),
            name: "",
            price: Price { amount: product.price.minor(), currency_id: code(product.price.currency()) },
        }],
        vat_percentage: "0",
        online: Online {
            status: if product.private || product.unlisted { "HIDDEN" } else { "PUBLISHED" },
            seo: Seo { slug: &product.id },
        },
        variant_option_definitions: Definitions { definitions: [] },
        etag: etag.replace('-', "").to_uppercase(),
        updated: time::basic_offset(product.updated_at),
        updated_by_user_uuid: user.clone(),
        created: time::basic_offset(product.created_at),
        created_by_user_uuid: user,
        category: None,
        tax_exempt: false,
    }
}

pub fn created(_: Event, product: &Product) -> String {
    json::to_text(&entity(product))
}

pub fn removed(_: Event, removed: &Removed) -> String {
    json::to_text(&entity(&removed.0))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Both<'a> {
    organization_uuid: String,
    new_entity: Entity<'a>,
    old_entity: Entity<'a>,
}

pub fn changed(_: Event, changed: &Changed) -> String {
    json::to_text(&Both {
        organization_uuid: organization_uuid(changed.after.account_id),
        new_entity: entity(&changed.after),
        old_entity: entity(&changed.before),
    })
}

/// Who did something, and when.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    uuid: String,
    timestamp: String,
    user_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BalanceChanged<'a> {
    organization_uuid: String,
    updated: Done,
    balance_before: [Balance; 1],
    balance_after: [Balance; 1],
    external_uuid: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    organization_uuid: String,
    location_uuid: String,
    product_uuid: String,
    variant_uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    balance: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tracking {
    organization_uuid: String,
    product_uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Done>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_information: Option<Done>,
}

/// The balance has changed, or is kept from now on, or no more.
pub fn stock(event: Event, moved: &StockMove) -> String {
    let account_id = moved.account_id;
    let (organization_uuid, product_uuid) =
        (organization_uuid(account_id), uuid_of("product", account_id, &moved.product_id));
    // A sale is the shop's own doing.
    let user_type = if moved.order_id.is_some() { "CLIENT" } else { "USER" };
    let done = Done { uuid: user(account_id), timestamp: time::basic_offset(moved.at), user_type };
    let balance = |units: Option<i64>, created| Balance {
        organization_uuid: organization_uuid.clone(),
        location_uuid: id::named_uuid("location", &account_id.to_string()),
        product_uuid: product_uuid.clone(),
        variant_uuid: uuid_of("variant", account_id, &moved.product_id),
        created,
        balance: units.unwrap_or(0).to_string(),
    };
    match event {
        Event::StockTrackingStarted => {
            json::to_text(&Tracking { created: Some(done), change_information: None, organization_uuid, product_uuid })
        }
        Event::StockTrackingStopped => {
            json::to_text(&Tracking { created: None, change_information: Some(done), organization_uuid, product_uuid })
        }
        _ => json::to_text(&BalanceChanged {
            organization_uuid: organization_uuid.clone(),
            updated: done,
            balance_before: [balance(moved.before, None)],
            balance_after: [balance(moved.after, Some(time::basic_offset(moved.at)))],
            external_uuid: moved.order_id.as_deref(),
        }),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organization<'a> {
    uuid: String,
    name: &'a str,
    receipt_name: &'a str,
    city: Option<()>,
    zip_code: Option<()>,
    address: Option<()>,
    address_line2: Option<()>,
    legal_name: &'a str,
    legal_address: Option<()>,
    legal_zip_code: Option<()>,
    legal_city: Option<()>,
    legal_state: Option<()>,
    phone_number: Option<()>,
    web_site: Option<&'a str>,
    contact_email: Option<&'a str>,
    receipt_email: Option<&'a str>,
    vat_nr: Option<()>,
    vat_percentage: u8,
    country: Option<()>,
    language: Option<&'a str>,
    currency: &'a str,
    created: String,
    owner_uuid: String,
    customer_status: &'static str,
    uses_vat: bool,
    taxation_type: &'static str,
    taxation_mode: &'static str,
    time_zone: &'static str,
}

pub fn organization(_: Event, shop: &Updated) -> String {
    // The account's own e-mail is a user name: only those who may read it are told of this event.
    let email = shop.contact_email.as_deref().or(Some(&shop.email));
    json::to_text(&Organization {
        uuid: organization_uuid(shop.account_id),
        name: &shop.shop_name,
        receipt_name: &shop.shop_name,
        city: None,
        zip_code: None,
        address: None,
        address_line2: None,
        legal_name: &shop.shop_name,
        legal_address: None,
        legal_zip_code: None,
        legal_city: None,
        legal_state: None,
        phone_number: None,
        web_site: shop.contact_url.as_deref(),
        contact_email: email,
        receipt_email: email,
        vat_nr: None,
        vat_percentage: 0,
        country: None,
        language: shop.language,
        currency: code(shop.currency),
        created: time::basic_offset(shop.created_at),
        owner_uuid: user(shop.account_id),
        customer_status: "ACCEPTED",
        uses_vat: false,
        taxation_type: "NONE",
        taxation_mode: "INCLUSIVE",
        time_zone: "UTC",
    })
}

#[derive(Serialize)]
struct Ended {
    #[serde(rename = "type")]
    kind: &'static str,
}

pub fn disconnected(_: Event, _: &Disconnected) -> String {
    json::to_text(&Ended { kind: "ApplicationConnectionRemoved" })
}

pub fn key_replaced(_: Event, _: &KeyReplaced) -> String {
    json::to_text(&Ended { kind: "PersonalAssertionDeleted" })
}

#[derive(Serialize)]
struct Data {
    data: &'static str,
}

pub fn test(_: Event, _: &Test) -> String {
    json::to_text(&Data { data: "payload" })
}
