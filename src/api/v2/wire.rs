//! Values of answers that say more than that they are a text or a number. Native builds know their
//! JSON Schema, for the specification.

use serde::Serialize;

use crate::shop::time;

/// A value as it stands in JSON, and its schema.
macro_rules! values {
    ($($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? ($inner:ty) = $schema:tt)+) => { $(
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        pub struct $name $(<$life>)? (pub $inner);

        #[cfg(not(target_arch = "wasm32"))]
        impl $(<$life>)? schemars::JsonSchema for $name $(<$life>)? {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    )+ };
}
pub(super) use values;

values! {
    /// `2019-12-28T16:47:01.000+00:00`
    Time(String) = {"type": "string", "format": "date-time"}

    /// Digits with a point: money, rates and percentages.
    DecimalText(String) = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]+$"}

    /// ISO 4217.
    CurrencyCode<'a>(&'a str) = {"type": "string", "pattern": "^[A-Z]{3}$"}
}

impl Time {
    /// Milliseconds since 1970.
    pub fn at(ms: i64) -> Time {
        Time(time::wire(ms))
    }
}

/// A whole number between both bounds.
#[derive(Debug, Serialize)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

#[cfg(not(target_arch = "wasm32"))]
impl<const MIN: i64, const MAX: i64> schemars::JsonSchema for Int<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Int{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}
