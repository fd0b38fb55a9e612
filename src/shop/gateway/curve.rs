//! The curve secp256k1, y² = x³ + 7 modulo p = 2²⁵⁶ − 2³² − 977 (SEC 2, section 2.4.1), as far as
//! public keys need it.
//!
//! Written for size: of `k256` only the field is used, because its points, inlined and unrolled for
//! speed, are a hundred kilobytes of the module that every request loads, and this is five.
//!
//! It is **not** constant-time, and must see public data only: extended public keys, and what is
//! derived from them.

use k256::Secp256k1;
use k256::elliptic_curve::hazmat::FieldArithmetic;
use std::ops::{Add, Mul, Sub};

/// A 256-bit number, the most significant word first.
type Number = [u64; 4];

/// The order n of the group, a prime (SEC 2).
const ORDER: Number = [!0, 0xffff_ffff_ffff_fffe, 0xbaae_dce6_af48_a03b, 0xbfd2_5e8c_d036_4141];
/// p − 2: a^(p − 2) is 1/a (Fermat).
const INVERSE: Number = [!0, !0, !0, 0xffff_fffe_ffff_fc2d];
/// (p + 1)/4: a^((p + 1)/4) is a square root of a, if a has one, as p ≡ 3 modulo 4 (BIP 340, `lift_x`).
const ROOT: Number = [!0 >> 2, !0, !0, 0xffff_ffff_bfff_ff0c];

/// The base point G, compressed (SEC 2).
pub const GENERATOR: [u8; 33] = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02, 0x9b,
    0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

/// A point of the curve, or the point at infinity.
// Projective coordinates: (x : y : z) is the point (x/z, y/z), or infinity where z is 0.
#[derive(Clone, Copy)]
pub struct Point {
    x: Field,
    y: Field,
    z: Field,
}

impl Point {
    const INFINITY: Point = Point { x: Field::ZERO, y: Field::ONE, z: Field::ZERO };

    /// Reads a compressed point (SEC 1, section 2.3.4): 2 or 3 for an even or odd y, then x. `None`
    /// for another first byte, an x not below p, and an x that no point has.
    pub fn from_sec1(bytes: &[u8; 33]) -> Option<Point> {
        let [tag @ (2 | 3), x @ ..] = bytes else {
            return None;
        };
        let x = Field::from_bytes(x)?;
        let square = x * x * x + Field::SEVEN;
        let root = square.power(&ROOT);
        if !(root * root - square).is_zero() {
            return None;
        }
        // No point has y = 0, as n is odd; so −y always has the other parity.
        let y = if root.is_odd() == (*tag == 3) { root } else { Field::ZERO - root };
        Some(Point { x, y, z: Field::ONE })
    }

    /// The compressed form (SEC 1, section 2.3.3). Infinity has none.
    pub fn to_sec1(self) -> Option<[u8; 33]> {
        let [x, y] = self.coordinates()?;
        let mut bytes = [0; 33];
        let [tag, rest @ ..] = &mut bytes;
        *tag = if y.is_odd() { 3 } else { 2 };
        *rest = x.to_bytes();
        Some(bytes)
    }

    /// x and y, big-endian: the uncompressed form (SEC 1, section 2.3.3) without its first byte. Infinity has none.
    pub fn to_bytes(self) -> Option<[[u8; 32]; 2]> {
        Some(self.coordinates()?.map(Field::to_bytes))
    }

    fn coordinates(self) -> Option<[Field; 2]> {
        if self.z.is_zero() {
            return None;
        }
        let scale = self.z.power(&INVERSE);
        Some([self.x * scale, self.y * scale])
    }

    /// `times`·G for a big-endian number below the group's order, `None` for another.
    pub fn generator_times(times: &[u8; 32]) -> Option<Point> {
        let mut number: Number = [0; 4];
        for (word, bytes) in number.iter_mut().zip(times.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        if number >= ORDER {
            return None;
        }
        let generator = Point::from_sec1(&GENERATOR)?;
        Some(bits(&number).fold(Point::INFINITY, |sum, bit| {
            let double = sum + sum;
            if bit { double + generator } else { double }
        }))
    }
}

/// The sum of any two points, by Renes, Costello and Batina, "Complete addition formulas for prime
/// order elliptic curves" (2016), section 3, for y² = x³ + b. These hold for equal points, opposite
/// points and infinity as well, so there are no cases to tell apart.
impl Add for Point {
    type Output = Point;

    fn add(self, other: Point) -> Point {
        let (p, q) = (self, other);
        let (xx, yy, zz) = (p.x * q.x, p.y * q.y, p.z * q.z);
        let xy = p.x * q.y + p.y * q.x;
        let yz = p.y * q.z + p.z * q.y;
        let xz = p.x * q.z + p.z * q.x;
        // 3b = 21.
        let (xx3, zz21, xz21) = (xx.times(3), zz.times(21), xz.times(21));
        let (plus, minus) = (yy + zz21, yy - zz21);
        Point { x: xy * minus - yz * xz21, y: plus * minus + xx3 * xz21, z: yz * plus + xx3 * xy }
    }
}

/// A number modulo p.
// `k256` reduces lazily: an element's magnitude tells how far beyond p it may be. Adding adds
// magnitudes up, to 31 at most on a 32-bit machine, and factors may have 8 (debug builds check).
// Here every result is brought back to magnitude 1 at once, so that no caller needs to know.
#[derive(Clone, Copy)]
struct Field(Element);

type Element = <Secp256k1 as FieldArithmetic>::FieldElement;

impl Field {
    const ZERO: Field = Field::small(0);
    const ONE: Field = Field::small(1);
    const SEVEN: Field = Field::small(7);

    const fn small(number: u64) -> Field {
        Field(Element::from_u64(number))
    }

    /// Reads a big-endian number, `None` if it isn't below p.
    fn from_bytes(bytes: &[u8; 32]) -> Option<Field> {
        Option::from(Element::from_bytes(&(*bytes).into())).map(Field)
    }

    fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    fn is_zero(self) -> bool {
        self.0.normalizes_to_zero().into()
    }

    fn is_odd(self) -> bool {
        self.0.normalize().is_odd().into()
    }

    /// `self·factor`, for a factor of 31 at most.
    fn times(self, factor: u32) -> Field {
        Field(self.0.mul_single(factor).normalize_weak())
    }

    fn power(self, exponent: &Number) -> Field {
        bits(exponent).fold(Field::ONE, |power, bit| {
            let square = power * power;
            if bit { square * self } else { square }
        })
    }
}

impl Add for Field {
    type Output = Field;

    fn add(self, other: Field) -> Field {
        Field((self.0 + other.0).normalize_weak())
    }
}

impl Sub for Field {
    type Output = Field;

    fn sub(self, other: Field) -> Field {
        Field((self.0 - other.0).normalize_weak())
    }
}

impl Mul for Field {
    type Output = Field;

    // Unrolled, so once is enough.
    #[inline(never)]
    fn mul(self, other: Field) -> Field {
        Field(self.0.mul(&other.0))
    }
}

/// The bits of a number, the most significant first.
fn bits(number: &Number) -> impl Iterator<Item = bool> {
    number.iter().flat_map(|word| (0..64).rev().map(move |at| word >> at & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::elliptic_curve::PrimeField;
    use k256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
    use k256::{AffinePoint, ProjectivePoint, Scalar};
    use proptest::prelude::*;

    const ZERO: Number = [0; 4];
    const P: Number = [!0, !0, !0, 0xffff_fffe_ffff_fc2f];

    /// `k256`'s reading of a compressed point.
    fn oracle_point(bytes: &[u8; 33]) -> Option<ProjectivePoint> {
        AffinePoint::from_sec1_bytes(bytes).ok().map(ProjectivePoint::from)
    }

    fn oracle_bytes(point: ProjectivePoint) -> Option<[u8; 33]> {
        (point != ProjectivePoint::IDENTITY).then(|| point.to_affine().to_compressed_point().into())
    }

    fn oracle_times(times: [u8; 32]) -> Option<ProjectivePoint> {
        Option::<Scalar>::from(Scalar::from_repr(times.into())).map(|times| ProjectivePoint::GENERATOR * times)
    }

    fn big_endian(number: Number) -> [u8; 32] {
        number.map(u64::to_be_bytes).concat().try_into().unwrap()
    }

    /// `base + offset` as bytes, modulo 2²⁵⁶.
    fn near(base: Number, offset: i64) -> [u8; 32] {
        let mut bytes = big_endian(base);
        let mut carry = offset;
        for byte in bytes.iter_mut().rev() {
            let sum = i64::from(*byte) + carry;
            *byte = sum.rem_euclid(256) as u8;
            carry = sum.div_euclid(256);
        }
        bytes
    }

    /// Any number, but often one at an edge: near 0, near n, near p, or with words of only ones or zeros.
    fn number() -> impl Strategy<Value = [u8; 32]> {
        let word = prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()];
        prop_oneof![
            4 => any::<[u8; 32]>(),
            2 => prop::array::uniform4(word).prop_map(big_endian),
            1 => (prop::sample::select(vec![ZERO, ORDER, P]), -40..40_i64)
                .prop_map(|(base, offset)| near(base, offset)),
        ]
    }

    fn public_key() -> impl Strategy<Value = [u8; 33]> {
        number().prop_filter_map("no key", |times| oracle_times(times).and_then(oracle_bytes))
    }

    fn compressed(tag: u8, x: [u8; 32]) -> [u8; 33] {
        let mut bytes = [tag; 33];
        bytes[1..].copy_from_slice(&x);
        bytes
    }

    /// Both implementations read or refuse `bytes`, and what is read is written as it was.
    fn read_alike(bytes: &[u8; 33]) {
        let point = Point::from_sec1(bytes);
        assert_eq!(point.is_some(), oracle_point(bytes).is_some(), "{bytes:02x?}");
        if let Some(point) = point {
            assert_eq!(point.to_sec1(), Some(*bytes));
        }
    }

    fn multiplied_alike(times: [u8; 32]) {
        let (point, expected) = (Point::generator_times(&times), oracle_times(times));
        assert_eq!(point.is_some(), expected.is_some(), "{times:02x?}");
        assert_eq!(point.and_then(Point::to_sec1), expected.and_then(oracle_bytes), "{times:02x?}");
    }

    #[test]
    fn multiples_of_the_generator_agree_at_the_edges() {
        for base in [ZERO, ORDER, P] {
            for offset in -3..=3 {
                multiplied_alike(near(base, offset));
            }
        }
        assert!(Point::generator_times(&near(ORDER, 0)).is_none());
        assert!(Point::generator_times(&[0xff; 32]).is_none());
        assert_eq!(Point::generator_times(&[0; 32]).unwrap().to_sec1(), None);
    }

    #[test]
    fn an_x_beyond_the_prime_is_no_point() {
        for offset in -40..40 {
            for tag in [2, 3] {
                read_alike(&compressed(tag, near(P, offset)));
                read_alike(&compressed(tag, near(ZERO, offset)));
            }
        }
        // 1 is on the curve, and p + 1 is 1 once more.
        assert!(Point::from_sec1(&compressed(2, near(ZERO, 1))).is_some());
        assert!(Point::from_sec1(&compressed(2, near(P, 1))).is_none());
    }

    #[test]
    fn only_compressed_points_are_read() {
        let mut bytes = GENERATOR;
        for tag in 0..=u8::MAX {
            bytes[0] = tag;
            assert_eq!(Point::from_sec1(&bytes).is_some(), matches!(tag, 2 | 3));
        }
    }

    #[test]
    fn infinity_adds_nothing() {
        let (generator, infinity) = (Point::from_sec1(&GENERATOR).unwrap(), Point::INFINITY);
        assert_eq!((generator + infinity).to_sec1(), Some(GENERATOR));
        assert_eq!((infinity + generator).to_sec1(), Some(GENERATOR));
        assert_eq!((infinity + infinity).to_sec1(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn points_are_read_alike(tag in 2..=3_u8, x in number()) {
            read_alike(&compressed(tag, x));
        }

        #[test]
        fn keys_survive_reading_and_writing(key in public_key()) {
            read_alike(&key);
            prop_assert_eq!(Point::from_sec1(&key).unwrap().to_sec1(), Some(key));
        }

        #[test]
        fn multiples_of_the_generator_agree(times in number()) {
            multiplied_alike(times);
        }

        #[test]
        fn sums_agree(a in public_key(), b in public_key(), times in number()) {
            let (p, q) = (Point::from_sec1(&a).unwrap(), Point::from_sec1(&b).unwrap());
            let (k, l) = (oracle_point(&a).unwrap(), oracle_point(&b).unwrap());
            prop_assert_eq!((p + q).to_sec1(), oracle_bytes(k + l));
            prop_assert_eq!((p + p).to_sec1(), oracle_bytes(k + k));
            // With a z other than 1, too.
            prop_assert_eq!((p + q + p + q).to_sec1(), oracle_bytes(k + l + k + l));
            if let (Some(point), Some(expected)) = (Point::generator_times(&times), oracle_times(times)) {
                prop_assert_eq!((point + p).to_sec1(), oracle_bytes(expected + k));
            }
        }

        #[test]
        fn opposite_points_cancel(key in public_key(), other in public_key()) {
            let mut opposite = key;
            opposite[0] ^= 1;
            let (p, minus, q) =
                (Point::from_sec1(&key).unwrap(), Point::from_sec1(&opposite).unwrap(), Point::from_sec1(&other).unwrap());
            prop_assert_eq!((p + minus).to_sec1(), None);
            prop_assert_eq!((p + q + minus).to_sec1(), Some(other));
            prop_assert_eq!((p + q + (minus + p + minus)).to_sec1(), Some(other));
        }
    }
}
