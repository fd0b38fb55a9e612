//! What `PUT /account` holds, and what it answers in place of structs.

use schemars::JsonSchema;

use super::{Email, HttpsUrl, Text};
use crate::api::v2::{
    appearance::LanguageCode,
    wire::{CurrencyCode, DecimalText, Int, values},
};

#[derive(JsonSchema)]
pub struct Account {
    shop_name: Text<100>,
    contact_email: Option<Email>,
    contact_url: Option<HttpsUrl>,
    gateways: Option<Gateways>,
    payments: Option<Payments>,
    risk_weights: Option<RiskWeights>,
    shop: Option<Shop>,
}

/// Numbers from 0 to 100; `null` makes one what it is in a new account.
#[derive(JsonSchema)]
#[schemars(inline)]
struct RiskWeights {
    tor: Option<Int<0, 100>>,
    vpn: Option<Int<0, 100>>,
    hosting: Option<Int<0, 100>>,
    disposable_email: Option<Int<0, 100>>,
    country_mismatch: Option<Int<0, 100>>,
    email_velocity: Option<Int<0, 100>>,
    ip_velocity: Option<Int<0, 100>>,
    past_disputes: Option<Int<0, 100>>,
    card_country_mismatch: Option<Int<0, 100>>,
    card_velocity: Option<Int<0, 100>>,
    stripe_elevated: Option<Int<0, 100>>,
    stripe_highest: Option<Int<0, 100>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct Shop {
    slug: Option<Slug>,
    name: Option<Text<100>>,
    description: Option<Text<20_000>>,
    accent_color: Option<Color>,
    contact_email: Option<Email>,
    contact_url: Option<HttpsUrl>,
    terms_url: Option<HttpsUrl>,
    privacy_url: Option<HttpsUrl>,
    listed: Option<bool>,
    language: Option<LanguageCode<'static>>,
    scripts: Option<bool>,
    currency: Option<CurrencyCode<'static>>,
}

values! {
    Slug(()) = {"type": "string", "pattern": "^[a-z0-9-]{3,40}$"}

    /// Not each such colour is taken: text on it must be readable.
    Color(()) = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct Gateways {
    bitcoin: Option<Wallet>,
    litecoin: Option<Wallet>,
    ethereum: Option<EthereumWallet>,
    paypal: Option<PayPal>,
    stripe: Option<Stripe>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct Wallet {
    xpub: Text<2_000>,
    confirmations: Option<Int<0, 6>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct EthereumWallet {
    xpub: Option<Text<2_000>>,
    address: Option<Text<2_000>>,
    confirmations: Option<Int<0, 64>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct PayPal {
    email: Option<Text<255>>,
    client_id: Option<Text<255>>,
    client_secret: Option<Text<255>>,
    webhook_id: Option<Text<255>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct Stripe {
    secret_key: Option<Text<255>>,
    webhook_secret: Option<Text<255>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct Payments {
    underpayment_tolerance: Option<DecimalText>,
    rate_spread: Option<DecimalText>,
    quote_minutes: Option<Int<5, 120>>,
    watch_hours: Option<Int<1, 168>>,
}

/// `gateways` of an account: those that are set up.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct ShownGateways {
    /// The wallet that coins go to. To take it away, send `null`.
    #[schemars(skip_serializing_if = "nothing")]
    bitcoin: ShownBitcoin,
    /// The wallet that ether goes to. To take it away, send `null`.
    #[schemars(skip_serializing_if = "nothing")]
    ethereum: ShownEthereum,
    /// The wallet that litecoins go to. To take it away, send `null`.
    #[schemars(skip_serializing_if = "nothing")]
    litecoin: ShownLitecoin,
    /// Your PayPal account. To take it away, send `null`.
    #[schemars(skip_serializing_if = "nothing")]
    paypal: ShownPayPal,
    /// Your Stripe account. To take it away, send `null`.
    #[schemars(skip_serializing_if = "nothing")]
    stripe: ShownStripe,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct ShownBitcoin {
    /// The account's extended public key (`xpub`, `ypub` or `zpub`); every order gets an address of
    /// its own from it. Masked when read. Never send a private key.
    xpub: Option<String>,
    /// How many confirmations a payment needs when an order doesn't say.
    confirmations: u32,
    /// The next addresses that orders will get: compare them with those in your wallet.
    addresses: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct ShownEthereum {
    /// The account's extended public key; every order gets an address of its own from it. Masked
    /// when read. Never send a private key.
    xpub: Option<String>,
    /// One address for all orders, instead of a key: each order then has an amount of its own, by
    /// which its payment is known.
    address: Option<String>,
    /// How many confirmations a payment needs when an order doesn't say (0 to 64); 12 unless you
    /// say otherwise.
    confirmations: u32,
    /// The next addresses that orders will get: compare them with those in your wallet.
    addresses: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct ShownLitecoin {
    /// The account's extended public key (`Ltub`, `Mtub`, `zpub`, `ypub` or `xpub`); every order
    /// gets an address of its own from it. Masked when read. Never send a private key.
    xpub: Option<String>,
    /// How many confirmations a payment needs when an order doesn't say; 2 unless you say
    /// otherwise.
    confirmations: u32,
    /// The next addresses that orders will get: compare them with those in your wallet.
    addresses: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct ShownPayPal {
    /// The address that money is sent to.
    email: Option<String>,
    /// The client ID of a REST app of yours. With it and its secret, orders are paid through
    /// PayPal's Orders API; with an e-mail address alone, through a PayPal button.
    client_id: Option<String>,
    /// Its secret. Masked when read.
    client_secret: Option<String>,
    /// The ID that PayPal gave the app's webhook. Without it no webhook of PayPal's is believed.
    webhook_id: Option<String>,
    /// Where PayPal's notifications have to go: give it to a REST app's webhook. A button tells PayPal by
    /// itself. Only read.
    notify_url: String,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct ShownStripe {
    /// A secret or restricted key. Masked when read.
    secret_key: Option<String>,
    /// The signing secret of the endpoint at Stripe. Masked when read.
    webhook_secret: Option<String>,
    /// Where Stripe's events have to go: make a webhook endpoint for it there. Only read.
    notify_url: String,
}

/// `takes_payments` of an account.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct TakesPayments {
    /// Bitcoin.
    bitcoin: bool,
    /// Litecoin.
    litecoin: bool,
    /// Ethereum.
    ethereum: bool,
    /// PayPal.
    paypal: bool,
    /// Stripe.
    stripe: bool,
}
