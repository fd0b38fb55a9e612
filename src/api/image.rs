//! `/images/<40 hex>/<40 hex>`: what sellers show to everybody. An address never shows anything else, so it is kept for ever.

use super::failure::Failure;
use crate::{
    http::{Method, Request, Response},
    shop::{App, upload},
};

pub async fn answer(app: &App, request: &Request, rest: &[&str]) -> Result<Response, Failure> {
    let is_part = |part: &str| part.len() == 40 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let [head, tail] = rest else {
        return Err(Failure::not_found());
    };
    if !is_part(head) || !is_part(tail) {
        return Err(Failure::not_found());
    }
    if request.method != Method::Get {
        return Err(Failure::not_allowed("GET, HEAD"));
    }
    let (mime, bytes) = upload::image(app, &format!("{head}/{tail}")).await?;
    Ok(Response::bytes(200, &mime, bytes)
        // For ever at the reader; an hour at the edge (`cloudflare/cache.rs`), since the seller may take it away.
        .with("cache-control", "public, max-age=31536000, s-maxage=3600, immutable")
        // Somebody else's bytes on our origin: whatever a browser takes them for, they run nothing.
        .with("content-security-policy", "default-src 'none'; sandbox"))
}
