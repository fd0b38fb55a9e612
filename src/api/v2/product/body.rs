//! The product object.

use serde::Serialize;

use super::{GatewaySlug, ProductType, volume_discount::VolumeDiscountBody};
use crate::{
    api::v2::{
        upload,
        wire::{CurrencyCode, DecimalText, Time},
    },
    json::{self, Raw},
    shop::product::Product,
};

/// The reference's product object, field for field; also the body of product events. `origin`: of an image's address.
pub fn object(product: &Product, origin: &str) -> String {
    let body = Body {
        id: &product.id,
        title: &product.title,
        description: &product.description,
        stock: product.stock().map_or(Stock::Endless("∞"), Stock::Count),
        price: DecimalText(product.price.wire()),
        currency: CurrencyCode(product.price.currency().code()),
        product_type: ProductType(product.kind as i64),
        gateways: product.gateways.split(',').map(GatewaySlug).collect(),
        private: product.private,
        unlisted: product.unlisted,
        vpn_block: product.vpn_block,
        seller_note: product.seller_note.as_deref(),
        maximum_quantity: product.maximum_quantity,
        minimum_quantity: product.minimum_quantity,
        stock_delimiter: &product.stock_delimiter,
        stock_amount: product.amount(),
        image: product.image.as_ref().map(|image| upload::image(image, "products", origin)),
        theme: product.theme,
        crypto_confirmations: product.crypto_confirmations,
        max_risk_level: product.max_risk_level,
        dynamic_url: product.dynamic_url.as_deref(),
        info: product.info.as_deref(),
        file: product.file.as_ref().map(upload::file),
        paypal_email_delivery: product.paypal_email_delivery,
        webhook_url: product.webhook_url.as_deref(),
        custom: Raw(product.custom.as_deref().unwrap_or("null")),
        created_at: Time::at(product.created_at),
        updated_at: Time::at(product.updated_at),
        unique_serials: product.unique_serials,
        stock_warning: product.stock_warning,
        volume_discounts: product.volume_discounts.iter().map(VolumeDiscountBody::of).collect(),
        email_message: product.email_message.as_deref(),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Product"))]
pub struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What buyers see first.
    title: &'a str,
    /// What it is, in Markdown.
    description: &'a str,
    /// How many can be sold: of serials those that are left, otherwise what is free of
    /// `stock_amount`, or `"∞"` where that is `null`. What unpaid orders hold isn't counted until
    /// their time is over, nor is what paid orders wait for.
    stock: Stock,
    /// Of one.
    price: DecimalText,
    /// Of the price, ISO 4217. Sent without a price, the number stays.
    currency: CurrencyCode<'a>,
    /// What is sold: 1 a file, 2 serials, 3 what your own server answers (dynamic), 4 a service.
    product_type: ProductType,
    /// How it can be paid.
    gateways: Vec<GatewaySlug<'a>>,
    /// Whether only those can see it whom you let.
    private: bool,
    /// Whether it is left out of the shop's listings.
    unlisted: bool,
    /// Whether buyers behind VPNs and proxies are turned away.
    vpn_block: bool,
    /// For yourself.
    seller_note: Option<&'a str>,
    /// How many an order may have at most; `null` is as many as there are.
    maximum_quantity: Option<i64>,
    /// How many an order must have at least.
    minimum_quantity: i64,
    /// What stands between serials in `info`: a comma unless you say, perhaps a line break, which
    /// may be written as `\n`, and matches any kind of line break.
    stock_delimiter: &'a str,
    /// How many you have of what isn't serials, with those that unpaid orders hold; `null` is
    /// without end. Sent as it was read, it changes nothing, unless some were sold since. Sent
    /// smaller than what is held, it leaves what is held.
    stock_amount: Option<i64>,
    /// Its image; see the uploads below.
    image: Option<upload::Image<'a>>,
    /// How its page looks.
    theme: i64,
    /// How many confirmations a payment in coins needs.
    crypto_confirmations: i64,
    /// Buyers whose risk is higher are turned away.
    max_risk_level: i64,
    /// What answers with the goods, when the type is 3.
    dynamic_url: Option<&'a str>,
    /// What the buyer gets. When the type is 2, the serials that are in stock, with
    /// `stock_delimiter` between: sending others replaces them, and leaves what is sold or held for
    /// an order. A serial that orders of this product hold or had doesn't come back so, as often as
    /// they have it: it may have been sold since you read it. `X-Left-Out-Serials` says how many
    /// they are, and `allow_repeats` takes them all the same. Other serials that you have already are taken too, and `X-Duplicate-Serials` says how
    /// many they are. Characters that nobody sees are taken off the ends of a serial, and refused
    /// inside. Lists show `null` there, so `null` changes nothing; an empty text empties the stock.
    info: Option<&'a str>,
    /// What is sold, when the type is 1; see the uploads below.
    file: Option<upload::File<'a>>,
    /// Whether PayPal buyers get it at their PayPal e-mail.
    paypal_email_delivery: bool,
    /// Gets the events of this product's orders, beside your endpoints.
    webhook_url: Option<&'a str>,
    /// What buyers fill in; `null` when there is nothing.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Vec<crate::api::v2::custom::Input>>"))]
    custom: Raw<'a>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// Whether serials that stand twice in `info`, or that you have already in any product, are
    /// refused.
    unique_serials: bool,
    /// `product:stock_warning` tells once when fewer than so many are left; `null` never.
    stock_warning: Option<i64>,
    /// Who buys so many pays so much less for each; the best one counts.
    volume_discounts: Vec<VolumeDiscountBody>,
    /// What you say to the buyer in the mail that tells them their payment has come.
    email_message: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
enum Stock {
    Count(i64),
    Endless(&'static str),
}
