//! The page's style, script and icon are files of their own, served without the Worker and cached for ever: each name has a
//! hash of what the file is made from. `scripts/assets.mjs` makes the files, and their names by the same rule.

use crate::http::{Method, Request, Response};

const STYLE_HASH: [u8; 16] = hash(&[include_bytes!("style.css")]);
const SCRIPT_HASH: [u8; 16] = hash(&[include_bytes!("script.js")]);
const ICON_HASH: [u8; 16] = hash(&[include_bytes!("icon.svg")]);
/// The storefront's style is this one with more behind it: one file is one request.
const SHOP_STYLE_HASH: [u8; 16] = hash(&[include_bytes!("style.css"), include_bytes!("../storefront/style.css")]);

/// What stands in `/pay/assets/<hash>.css`, `.js` and `.svg`.
pub static STYLE: &str = text(&STYLE_HASH);
pub static SCRIPT: &str = text(&SCRIPT_HASH);
pub static ICON: &str = text(&ICON_HASH);
pub static SHOP_STYLE: &str = text(&SHOP_STYLE_HASH);

/// FNV-1a of 64 bits in hex (draft-eastlake-fnv). It tells versions apart and nothing hangs on it: worked out by the compiler,
/// so that the module has the names without the files.
const fn hash(mut files: &[&[u8]]) -> [u8; 16] {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    while let [file, others @ ..] = files {
        let mut rest = *file;
        while let [byte, more @ ..] = rest {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
            rest = more;
        }
        files = others;
    }
    let mut hex = [0; 16];
    let mut digits: &mut [u8] = &mut hex;
    while let [digit, more @ ..] = digits {
        let value = (hash >> 60) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        hash <<= 4;
        digits = more;
    }
    hex
}

const fn text(hash: &'static [u8; 16]) -> &'static str {
    match str::from_utf8(hash) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// What comes here is no file of this version: one of another version, whose page is still open or already is, while this one
/// is being deployed. It gets the one of its kind; unstyled it would be a page to distrust.
pub fn answer(request: &Request, name: &str) -> Response {
    if request.method != Method::Get {
        return Response::empty(405).with("allow", "GET, HEAD");
    }
    let (hash, end) = name.split_once('.').unwrap_or_default();
    let current = match end {
        "css" => STYLE,
        "js" => SCRIPT,
        "svg" => ICON,
        _ => "",
    };
    if current.is_empty() || current == hash || hash.len() != current.len() {
        return Response::empty(404);
    }
    Response::see_other(&format!("/pay/assets/{current}.{end}")).with("cache-control", "no-store")
}
