//! What requests hold, for the specification: native builds alone.
#![expect(dead_code, reason = "these are described, and never made")]

use schemars::JsonSchema;

use super::wire::{Int, values};

values! {
    Title(()) = {"type": "string", "minLength": 1, "maxLength": 255}

    /// Above zero.
    Price(()) = {
        "type": ["number", "string"],
        "pattern": r"^[0-9]{1,9}(\.[0-9]{1,8})?$",
        "exclusiveMinimum": 0,
        "maximum": 999_999_999
    }

    Email(()) = {"type": "string", "format": "email", "maxLength": 254}

    HttpsUrl(()) = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2_000}
}

/// The query of every list.
#[derive(JsonSchema)]
pub struct Pages {
    /// Which page, from 1. A page past the end is an empty list.
    #[schemars(extend("default" = 1))]
    page: Option<Int<1, 100_000_000>>,
}

#[derive(JsonSchema)]
pub struct Payment {
    /// What is sold; the buyer sees it.
    title: Title,
    /// The price, above zero.
    value: Price,
    /// Gets what happens to this payment, in the form of this API.
    webhook_url: Option<HttpsUrl>,
    /// The buyer's e-mail. Left out, the page asks for it.
    email: Option<Email>,
}
