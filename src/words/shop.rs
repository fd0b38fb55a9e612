//! Words of the storefront: shop, category and product pages.

words! {
    pub struct Shop in "shop" {
    }
}
