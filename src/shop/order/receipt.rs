//! Addresses of an order's own page, which is its receipt once it is paid, and of the file that was bought. The page's token opens
//! the file as well; the file's opens nothing else, because webhooks have it.

use crate::{
    platform::Keys,
    shop::signature::{self, Purpose},
};

/// `/order/<id>/<token>`
pub fn path(keys: &Keys, order_id: &str) -> String {
    signature::path(keys, Purpose::Order, order_id)
}

/// What opens the order's page. It says nothing else, and never expires.
pub fn token(keys: &Keys, order_id: &str) -> String {
    signature::sign(keys, Purpose::Order, order_id)
}

pub fn verify(keys: &Keys, order_id: &str, token: &str) -> bool {
    signature::verify(keys, Purpose::Order, order_id, token)
}

/// `/order/<id>/<token>/file`
pub fn file_path(keys: &Keys, order_id: &str) -> String {
    signature::path(keys, Purpose::File, order_id)
}

pub fn opens_file(keys: &Keys, order_id: &str, token: &str) -> bool {
    verify(keys, order_id, token) || signature::verify(keys, Purpose::File, order_id, token)
}
