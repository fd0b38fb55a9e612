//! What a shop sells: products, their stock and categories, and coupons.

mod category;
mod coupon;
mod product;
mod serials;
mod stock;
