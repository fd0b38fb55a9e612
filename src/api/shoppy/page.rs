//! Pages of lists: `?page=` in, three headers out.

use super::{Call, Failure};
use crate::{http::Response, json, shop::list::Page};

/// Items of a page. The document names no number, and clients read it from the header.
pub const PER_PAGE: u32 = 20;
/// Nobody has so many pages; beyond it lies nothing but overflow.
const LAST: u64 = 100_000_000;

/// The page that is asked for, from 1.
pub fn wanted(call: &Call<'_>) -> Result<u32, Failure> {
    let Some(text) = call.request.param("page") else { return Ok(1) };
    match text.trim() {
        "" => Ok(1),
        // Digits that don't fit are a page far past the end.
        text if text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(text.parse().unwrap_or(LAST).clamp(1, LAST).try_into().unwrap_or(1))
        }
        _ => Err(Failure::invalid("Page is not a number")),
    }
}

pub fn answer<T>(number: u32, page: &Page<T>, object: impl Fn(&T) -> String) -> Response {
    let pages = page.total.div_ceil(PER_PAGE.into());
    Response::json(200, json::array(page.rows.iter().map(object)))
        .with("x-total-pages", pages.to_string())
        .with("x-current-page", number.to_string())
        .with("x-items-per-page", PER_PAGE.to_string())
}
