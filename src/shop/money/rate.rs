//! What is computed from exchange rates alone: the price of a coin from several sources, through another currency, and
//! with an account's own spread.

use super::{Decimal, half_up, shift_up};

/// No rate that is computed here is kept to more figures: of rates of so many, `cross` and `coin_value` are always exact.
const MAX_DIGITS: u128 = 100_000_000_000_000_000;
/// Parts of the whole in which a spread is counted: hundredths of a percent.
const BASIS_POINTS: u32 = 10_000;

impl Decimal {
    /// The one in the middle of both, rounded half up to 17 figures.
    pub fn mean(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = self.beside(other)?;
        // Half of it is five tenths.
        Some(Decimal::shortest(a.checked_add(b)?.checked_mul(5)?, scale.checked_add(1)?).short())
    }

    /// The product, both first rounded to 17 figures, and it as well.
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        let (a, b) = (self.short(), other.short());
        Some(Decimal::shortest(a.digits.checked_mul(b.digits)?, a.scale.checked_add(b.scale)?).short())
    }

    /// So many hundredths of a percent less, exact up to 17 figures: 50,000 less 250 (2.5 %) is 48,750. `None` when nothing of
    /// it is left, or it is too long.
    pub fn less(self, basis_points: u32) -> Option<Decimal> {
        if basis_points == 0 {
            return Some(self);
        }
        let part = BASIS_POINTS.checked_sub(basis_points)?;
        self.times(Decimal::new(part.into(), 4)?).filter(|left| !left.is_zero())
    }

    /// Whether the two are more than so many percent of the smaller one apart. Numbers too long to compare exactly are.
    pub fn apart(self, other: Decimal, percent: u8) -> bool {
        let far =
            |(a, b, _): (u128, u128, u8)| Some(a.abs_diff(b).checked_mul(100)? > a.min(b).checked_mul(percent.into())?);
        self.beside(other).and_then(far).unwrap_or(true)
    }

    /// Digits of both at one scale.
    fn beside(self, other: Decimal) -> Option<(u128, u128, u8)> {
        let scale = self.scale.max(other.scale);
        let widen = |number: Decimal| shift_up(number.digits, (scale - number.scale).into());
        Some((widen(self)?, widen(other)?, scale))
    }

    /// Rounded half up to 17 figures; figures before the point stay, however many they are.
    fn short(self) -> Decimal {
        let (mut kept, mut dropped) = (self.digits, 0);
        while kept >= MAX_DIGITS && dropped < self.scale {
            kept /= 10;
            dropped += 1;
        }
        let digits = half_up(self.digits, 1, -i32::from(dropped));
        digits.map_or(self, |digits| Decimal::shortest(digits, self.scale - dropped))
    }
}
