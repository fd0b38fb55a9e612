//! Values of answers that say more than that they are a text or a number. Native builds know their
//! JSON Schema, for the specifications.

use serde::Serialize;

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
