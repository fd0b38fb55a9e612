//! A product's `volume_discounts`: who buys more pays less for each. They are read by `api/product_fields.rs`.

use serde::Serialize;

use crate::{
    api::v2::wire::DecimalText,
    shop::{money::Decimal, product::VolumeDiscount},
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
