//! Values of answers and requests that say more than that they are a text or a number. Native builds know their JSON Schema, for
//! the specifications.

use super::values::values;

values! {
    /// Digits with a point: money, rates and percentages.
    DecimalText(String) = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]+$"}

    /// ISO 4217.
    CurrencyCode<'a>(&'a str) = {"type": "string", "pattern": "^[A-Z]{3}$"}
}

/// What requests hold.
#[cfg(not(target_arch = "wasm32"))]
mod requests {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use crate::api::values::values;

    /// A text of at most so many characters.
    pub struct Text<const MAX: usize>;

    impl<const MAX: usize> JsonSchema for Text<MAX> {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            format!("Text{MAX}").into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "maxLength": MAX})
        }
    }

    values! {
        Email(()) = {"type": "string", "format": "email", "maxLength": 254}

        HttpsUrl(()) = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2_000}

        /// A number of money above zero, as a text or not.
        Price(()) = {
            "type": ["string", "number"],
            "pattern": r"^[0-9]{1,9}(\.[0-9]{1,8})?$",
            "exclusiveMinimum": 0,
            "maximum": 999_999_999
        }

        /// Above 0 and up to 100, with at most two decimals, as a text or not.
        Percent(()) = {
            "type": ["string", "number"],
            "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})?$",
            "exclusiveMinimum": 0,
            "maximum": 100
        }
    }
}
#[cfg(not(target_arch = "wasm32"))]
pub use requests::{Email, HttpsUrl, Percent, Price, Text};
