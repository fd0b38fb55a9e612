//! The price of an order for a product: price × quantity, less the volume discount, less the coupon.

use crate::shop::{
    coupon::Discount,
    money::{Amount, Decimal},
    product::discount::{self, VolumeDiscount},
};

/// What an order comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// Minor units before discounts.
    pub subtotal: i64,
    /// What is paid.
    pub value: Amount,
}

/// Rounded half up to the minor unit, once, at the end; never below zero. `None` where the sum is more than an order can
/// cost. An amount must be in the price's currency.
pub fn price(unit: Amount, quantity: u32, discounts: &[VolumeDiscount], coupon: Option<Discount>) -> Option<Priced> {
    /// Hundredths of a percent.
    const WHOLE: i128 = 10_000;
    // What JSON and the database's driver keep exactly.
    let subtotal = unit.minor().checked_mul(quantity.into()).filter(|subtotal| *subtotal <= 1 << 53)?;
    let volume = WHOLE - i128::from(discount::best(discounts, quantity));
    let percent = match coupon {
        Some(Discount::Percent(percent)) => WHOLE - i128::from(percent),
        _ => WHOLE,
    };
    let off = match coupon {
        Some(Discount::Amount(amount)) => i128::from(amount.minor()),
        _ => 0,
    };
    // Exact, in parts of a hundred millionth of a minor unit.
    let scale = WHOLE * WHOLE;
    let exact = i128::from(subtotal).checked_mul(volume)?.checked_mul(percent)?.checked_sub(off.checked_mul(scale)?)?;
    let rounded = (exact.max(0) + scale / 2) / scale;
    let number = Decimal::new(u128::try_from(rounded).ok()?, unit.currency().exponent())?;
    Some(Priced { subtotal, value: Amount::from_decimal(number, unit.currency()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::money::Currency;

    fn amount(minor: i64) -> Amount {
        Amount::new(minor, Currency::USD).unwrap()
    }

    fn value(unit: i64, quantity: u32, volume: &[(u32, u32)], coupon: Option<Discount>) -> Option<(i64, i64)> {
        let volume: Vec<_> = volume.iter().map(|&(quantity, percent)| VolumeDiscount { quantity, percent }).collect();
        price(amount(unit), quantity, &volume, coupon).map(|priced| (priced.subtotal, priced.value.minor()))
    }

    #[test]
    fn discounts_follow_one_another_and_are_rounded_once() {
        let (tenth, third) = (Discount::Percent(1_000), Discount::Percent(3_333));
        for (unit, quantity, volume, coupon, priced) in [
            (1_000, 1, &[][..], None, (1_000, 1_000)),
            (1_000, 5, &[(5, 1_000)][..], None, (5_000, 4_500)),
            (1_000, 4, &[(5, 1_000)][..], None, (4_000, 4_000)),
            (1_000, 5, &[(5, 1_000)][..], Some(tenth), (5_000, 4_050)),
            // 9.99 × 3 × 0.9 × 0.6667 = 17.983...: each step rounded alone would be 17.99.
            (999, 3, &[(2, 1_000)][..], Some(third), (2_997, 1_798)),
            (1, 1, &[][..], Some(Discount::Percent(5_000)), (1, 1)),
            (1_000, 1, &[][..], Some(Discount::Percent(10_000)), (1_000, 0)),
            (1_000, 1, &[][..], Some(Discount::Amount(amount(250))), (1_000, 750)),
            (1_000, 1, &[][..], Some(Discount::Amount(amount(2_500))), (1_000, 0)),
            (1_000, 2, &[(2, 5_000)][..], Some(Discount::Amount(amount(1))), (2_000, 999)),
        ] {
            assert_eq!(value(unit, quantity, volume, coupon), Some(priced), "{unit} x {quantity}");
        }
    }

    #[test]
    fn a_price_that_no_order_can_have_is_none() {
        assert_eq!(value(99_999_999_999, 2, &[], None), None);
        assert_eq!(value(i64::MAX, 2, &[], None), None);
        assert!(value(99_999_999_900, 1, &[], None).is_some());
    }

    proptest::proptest! {
        /// Against fractions, worked out another way.
        #[test]
        fn any_price_is_the_exact_one_rounded_half_up(
            unit in 0_i64..=9_999_999, quantity in 1_u32..=1_000, volume in 0_u32..=10_000, percent in 1_u32..=10_000,
        ) {
            let discounts = [(1, volume)];
            let (subtotal, paid) = value(unit, quantity, &discounts, Some(Discount::Percent(percent))).unwrap();
            proptest::prop_assert_eq!(subtotal, unit * i64::from(quantity));
            let left = i128::from(subtotal) * i128::from(10_000 - volume) * i128::from(10_000 - percent);
            let paid = i128::from(paid) * 100_000_000;
            // Never more than half a minor unit away; and the half goes up.
            proptest::prop_assert!(2 * (paid - left) <= 100_000_000 && 2 * (left - paid) < 100_000_000);
        }
    }
}
