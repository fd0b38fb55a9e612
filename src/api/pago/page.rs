//! Pages of lists: `?page=` and `?per_page=` in, four headers out.

use super::Call;
use crate::{
    api::{failure::Failure, page_links::links},
    http::{Request, Response},
    json,
};

pub struct Wanted {
    /// From 1.
    pub page: u32,
    pub per_page: u32,
}

/// Nobody has so many pages; beyond it lies nothing but overflow.
const LAST: u32 = 100_000_000;
pub const MAX_PER_PAGE: u32 = 100;
const PER_PAGE: u32 = 20;

impl Wanted {
    pub fn read(request: &Request) -> Result<Wanted, Failure> {
        let mut errors = Vec::new();
        let mut number = |name: &str, label: &str, default: u32, most: u32| {
            let text = request.param(name).filter(|text| !text.trim().is_empty());
            let Some(text) = text else { return default };
            // Digits that don't fit are more than there may be.
            let digits = text.trim().bytes().all(|b| b.is_ascii_digit());
            match text.trim().parse().unwrap_or(if digits { u32::MAX } else { 0 }) {
                n if (1..=most).contains(&n) => n,
                _ => {
                    errors.push(format!("{label} must be a number from 1 to {most}"));
                    default
                }
            }
        };
        let page = number("page", "Page", 1, LAST);
        let per_page = number("per_page", "Per page", PER_PAGE, MAX_PER_PAGE);
        if errors.is_empty() { Ok(Wanted { page, per_page }) } else { Err(Failure::validation(errors)) }
    }

    /// The items of this page, out of `total`.
    pub fn answer(&self, call: &Call<'_>, items: impl Iterator<Item = String>, total: u64) -> Response {
        let pages = total.div_ceil(self.per_page.into());
        Response::json(200, json::array(items))
            .with("x-total", total.to_string())
            .with("x-page", self.page.to_string())
            .with("x-per-page", self.per_page.to_string())
            .with("link", links(call.request, self.page, self.per_page, pages))
    }

    /// The same of a short list, which was read as a whole.
    pub fn of_all<T>(&self, call: &Call<'_>, all: &[T], object: impl Fn(&T) -> String) -> Response {
        let skip = (self.page as usize - 1).saturating_mul(self.per_page as usize);
        let page = all.iter().skip(skip).take(self.per_page as usize);
        self.answer(call, page.map(object), all.len() as u64)
    }
}
