//! `/api/products`: list, get, create, update, delete. What buyers get is written here and never shown: an application sees what is
//! sold, not the goods.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{CurrencyCode, Money, Time, values},
};
use crate::{
    api::{fields::Fields, product_fields},
    http::Response,
    json::{self, Raw},
    shop::{
        money::Decimal,
        product::{self, Product},
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let page = product::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|product| object(product, call.origin())), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let product = product::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&product, call.origin())))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = Product::blank()?;
    let stock = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, None);
    fields.finish()?;
    let serials = stock.restock.map(|restock| restock.serials).unwrap_or_default();
    let created = product::create(call.app, call.account, product, &serials).await?;
    call.commit(201, created, |product| object(product, call.origin())).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let before = product::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = before.clone();
    let stock = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, Some(&before));
    fields.finish()?;
    let updated = product::update(call.app, call.account, &before, product, stock).await?;
    Ok(Response::json(200, object(&updated.product, call.origin())))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    product::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

values! {
    ProductType(i64) = {"type": "integer", "enum": [1, 2, 3, 4]}

    /// Of a gateway, as products name it.
    GatewaySlug<'a>(&'a str) = {"type": "string", "enum": product::GATEWAYS}

    /// A percentage with at most two decimals.
    Percent(String) = {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"}
}

/// `origin`: of addresses; an event knows none, and says them from the root on.
pub fn object(product: &Product, origin: &str) -> String {
    let discount = |discount: &product::VolumeDiscount| VolumeDiscount {
        quantity: discount.quantity,
        percent: Percent(Decimal::new(discount.percent.into(), 2).map(Decimal::wire).unwrap_or_default()),
    };
    json::to_text(&Body {
        id: &product.id,
        title: &product.title,
        description: &product.description,
        product_type: ProductType(product.kind as i64),
        price: Money::of(product.price),
        currency: CurrencyCode(product.price.currency().code()),
        stock: product.stock(),
        stock_amount: product.amount(),
        stock_warning: product.stock_warning,
        minimum_quantity: product.minimum_quantity,
        maximum_quantity: product.maximum_quantity,
        volume_discounts: product.volume_discounts.iter().map(discount).collect(),
        gateways: product.gateways.split(',').map(GatewaySlug).collect(),
        crypto_confirmations: product.crypto_confirmations,
        private: product.private,
        unlisted: product.unlisted,
        vpn_block: product.vpn_block,
        max_risk_level: product.max_risk_level,
        unique_serials: product.unique_serials,
        custom: Raw(product.custom.as_deref().unwrap_or("null")),
        seller_note: product.seller_note.as_deref(),
        url: (!product.private).then(|| format!("{origin}/product/{}", product.id)),
        image_url: product.image.as_ref().map(|image| format!("{origin}/images/{}", image.id)),
        created_at: Time::at(product.created_at),
        updated_at: Time::at(product.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Product"))]
pub struct Body<'a> {
    /// Identifies the product for as long as it exists.
    id: &'a str,
    /// What buyers see first.
    title: &'a str,
    /// What it is, in Markdown.
    description: &'a str,
    /// What is sold: 1 a file, 2 serials, 3 what the seller's own server answers, 4 a service.
    product_type: ProductType,
    /// Of one.
    price: Money,
    /// Of the price, ISO 4217. Sent without a price, the number stays.
    currency: CurrencyCode<'a>,
    /// How many can be sold; `null` is without end.
    stock: Option<i64>,
    /// How many the seller has of what isn't serials, with those that unpaid orders hold; `null` is
    /// without end.
    stock_amount: Option<i64>,
    /// The seller is told once when fewer are left; `null` never.
    stock_warning: Option<i64>,
    /// How many an order must have at least.
    minimum_quantity: i64,
    /// How many an order may have at most; `null` is as many as there are.
    maximum_quantity: Option<i64>,
    /// Who buys so many pays so much less for each; the best one counts.
    volume_discounts: Vec<VolumeDiscount>,
    /// How it can be paid.
    gateways: Vec<GatewaySlug<'a>>,
    /// How many confirmations a payment in coins needs.
    crypto_confirmations: i64,
    /// Whether only those can see it whom the seller lets.
    private: bool,
    /// Whether it is left out of the shop's lists.
    unlisted: bool,
    /// Whether buyers behind VPNs and proxies are turned away.
    vpn_block: bool,
    /// Buyers whose risk is higher are turned away.
    max_risk_level: i64,
    /// Whether serials are refused that the account has already.
    unique_serials: bool,
    /// What buyers fill in; `null` when there is nothing.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Vec<super::openapi::ShownInput>>"))]
    custom: Raw<'a>,
    /// For the seller alone.
    seller_note: Option<&'a str>,
    /// Its page in the shop; `null` of a private one.
    url: Option<String>,
    /// Its picture.
    image_url: Option<String>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
struct VolumeDiscount {
    /// From this quantity on.
    quantity: u32,
    /// So many percent less, above 0 and up to 100, with at most two decimals.
    percent: Percent,
}
