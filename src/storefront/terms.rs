//! What a buyer was shown, as their form brings it back: nobody is sold anything else without a word. It protects the buyer
//! alone, so it isn't signed, and a form that brings none was shown nothing.

use sha2::{Digest, Sha256};

use super::form::Form;
use crate::shop::{
    id,
    money::Amount,
    product::{Product, VolumeDiscount},
    purchase::price,
};

/// What a product's page says of it: a hash of what the buyer agrees to, and the discounts as they are, because one that doesn't
/// change this buyer's price is none of their business. Stock and description are not in it.
pub fn mark(product: &Product, terms_url: Option<&str>) -> String {
    let discounts = product.volume_discounts.iter().map(|it| format!("-{}:{}", it.quantity, it.percent));
    fingerprint(product, terms_url) + &discounts.collect::<String>()
}

/// Whether a buyer of so many who saw the page with this mark buys the same today.
pub fn are_as_shown(mark: &str, product: &Product, terms_url: Option<&str>, quantity: u32) -> bool {
    let mut parts = mark.split('-');
    let is_same = parts.next() == Some(&fingerprint(product, terms_url));
    let discounts: Option<Vec<_>> = parts.map(discount).collect();
    let sum = |discounts: &[VolumeDiscount]| price(product.price, quantity, discounts, None).map(|it| it.value);
    is_same && discounts.is_some_and(|seen| sum(&seen) == sum(&product.volume_discounts))
}

fn discount(part: &str) -> Option<VolumeDiscount> {
    let (quantity, percent) = part.split_once(':')?;
    // A percent in hundredths: more than all of it is no discount of ours.
    let percent = percent.parse().ok().filter(|percent| *percent <= 10_000)?;
    Some(VolumeDiscount { quantity: quantity.parse().ok()?, percent })
}

fn fingerprint(product: &Product, terms_url: Option<&str>) -> String {
    let (minor, kind) = (product.price.minor().to_string(), (product.kind as i64).to_string());
    let mut hash = Sha256::new_with_prefix("terms 1.");
    let custom = product.custom.as_deref().unwrap_or_default();
    for field in [&product.title, &minor, product.price.currency().code(), &kind, custom, terms_url.unwrap_or_default()]
    {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk::<16>().map(|half| id::hex(half)).unwrap_or_default()
}

/// The total that a page shows, and for which quantity and coupon.
pub fn total_mark(form: &Form, total: Amount) -> String {
    format!("{} {} {}", total.minor(), form.quantity, form.coupon)
}

/// Whether the price is the total that was shown, if one was shown for this quantity and this coupon.
pub fn is_total_as_shown(form: &Form, price: Amount) -> bool {
    let mut parts = form.sum.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(minor), Some(quantity), Some(coupon)) if quantity == form.quantity && coupon == form.coupon => {
            minor == price.minor().to_string()
        }
        // The buyer has changed the form since, and knows that the total is another.
        _ => true,
    }
}
