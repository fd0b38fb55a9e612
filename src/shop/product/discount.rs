//! Volume discounts: who buys more pays less for each.

use crate::{json, platform::Fault};

/// From this quantity on, so much less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeDiscount {
    pub quantity: u32,
    /// Hundredths of a percent, 1 to 10,000.
    pub percent: u32,
}

/// A product has at most so many.
pub const MAX_VOLUME_DISCOUNTS: usize = 20;

/// The best of those that the quantity reaches, in hundredths of a percent.
pub fn best(discounts: &[VolumeDiscount], quantity: u32) -> u32 {
    discounts
        .iter()
        .filter(|discount| quantity >= discount.quantity)
        .map(|discount| discount.percent)
        .max()
        .unwrap_or(0)
}

/// As the table keeps them: pairs of quantity and hundredths of a percent.
pub fn to_text(discounts: &[VolumeDiscount]) -> Option<String> {
    let pairs: Vec<[u32; 2]> = discounts.iter().map(|discount| [discount.quantity, discount.percent]).collect();
    (!pairs.is_empty()).then(|| json::to_text(&pairs))
}

pub fn from_text(text: Option<String>) -> Result<Vec<VolumeDiscount>, Fault> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let pairs: Option<Vec<[u32; 2]>> = json::from_text(&text);
    let pairs = pairs.ok_or_else(|| Fault("volume discounts can't be read".into()))?;
    Ok(pairs.into_iter().map(|[quantity, percent]| VolumeDiscount { quantity, percent }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_discount_that_the_quantity_reaches_counts() {
        let discounts = [(5, 1_000), (10, 500), (20, 2_000)];
        let discounts = discounts.map(|(quantity, percent)| VolumeDiscount { quantity, percent });
        for (quantity, percent) in [(1, 0), (4, 0), (5, 1_000), (10, 1_000), (19, 1_000), (20, 2_000), (1_000, 2_000)] {
            assert_eq!(best(&discounts, quantity), percent, "{quantity}");
        }
        assert_eq!(from_text(to_text(&discounts)).unwrap(), discounts);
        assert_eq!(to_text(&[]), None);
    }
}
