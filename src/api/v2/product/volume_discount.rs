//! A product's `volume_discounts`: who buys more pays less for each.

use serde::Serialize;

use crate::{
    api::{fields::Fields, v2::wire::DecimalText},
    json::Value,
    shop::{
        money::Decimal,
        product::{VolumeDiscount, discount::MAX_VOLUME_DISCOUNTS},
    },
};

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "VolumeDiscount"))]
pub struct VolumeDiscountBody {
    /// From this quantity on.
    quantity: u32,
    /// So many percent less, above 0 and up to 100, with at most two decimals.
    percent: DecimalText,
}

impl VolumeDiscountBody {
    pub fn of(discount: &VolumeDiscount) -> VolumeDiscountBody {
        let percent = Decimal::new(discount.percent.into(), 2).map(Decimal::wire).unwrap_or_default();
        VolumeDiscountBody { quantity: discount.quantity, percent: DecimalText(percent) }
    }
}

/// A list of `{quantity, percent}`, kept in the order of their quantities.
pub fn read(fields: &mut Fields) -> Vec<VolumeDiscount> {
    let items: Vec<Value> = match fields.value("volume_discounts") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(Value::Object(items)) => items.values().cloned().collect(),
        Some(Value::String(text)) if text.trim().is_empty() => return Vec::new(),
        Some(_) => {
            fields.error("Volume discounts must be a list");
            return Vec::new();
        }
    };
    if items.len() > MAX_VOLUME_DISCOUNTS {
        fields.error(format!("Volume discounts is too long (maximum is {MAX_VOLUME_DISCOUNTS} discounts)"));
        return Vec::new();
    }
    let mut discounts: Vec<VolumeDiscount> = Vec::new();
    for (n, item) in items.into_iter().enumerate() {
        let Value::Object(map) = item else {
            fields.error(format!("Volume discounts {n} must be an object"));
            continue;
        };
        let mut inner = Fields::of(map);
        let quantity = inner.int("quantity", 2, 1_000_000).and_then(|quantity| u32::try_from(quantity).ok());
        let percent = inner.percent("percent", 2, 10_000);
        if inner.errors.is_empty() {
            match (quantity, percent) {
                (None, _) => inner.error("Quantity can't be blank"),
                (_, None) => inner.error("Percent can't be blank"),
                (_, Some(0)) => inner.error("Percent must be greater than 0"),
                (Some(quantity), _) if discounts.iter().any(|known| known.quantity == quantity) => {
                    inner.error("Quantity has already been taken");
                }
                (Some(quantity), Some(percent)) => discounts.push(VolumeDiscount { quantity, percent }),
            }
        }
        for mut error in inner.errors {
            if let Some(first) = error.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            fields.error(format!("Volume discounts {n} {error}"));
        }
    }
    discounts.sort_by_key(|discount| discount.quantity);
    discounts
}
