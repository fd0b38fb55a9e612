//! Pages of lists: `?page=` and `?per_page=` in, five headers out.

use super::Call;
use crate::{
    api::{failure::Failure, page_links::links},
    http::Response,
    json,
};

pub struct Wanted {
    /// From 1.
    pub page: u32,
    pub per_page: u32,
}

/// Nobody has so many pages; beyond it lies nothing but overflow.
const LAST: u64 = 100_000_000;

impl Wanted {
    pub fn read(call: &Call<'_>) -> Result<Wanted, Failure> {
        Wanted::read_within(call, 20, (10, 50))
    }

    /// With so many items a page, unless something else between these is asked for.
    pub fn read_within(call: &Call<'_>, default: u64, (least, most): (u64, u64)) -> Result<Wanted, Failure> {
        let mut errors = Vec::new();
        let mut number = |name: &str, label: &str, default: u64| match call.request.param(name) {
            None => default,
            Some(text) if text.trim().is_empty() => default,
            Some(text) => {
                let text = text.trim();
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                if !digits {
                    errors.push(format!("{label} is not a number"));
                }
                // Digits that don't fit are a page far past the end.
                text.parse().unwrap_or(LAST)
            }
        };
        let page = number("page", "Page", 1).clamp(1, LAST);
        let per_page = number("per_page", "Per page", default).clamp(least, most);
        if !errors.is_empty() {
            return Err(Failure::validation(errors));
        }
        Ok(Wanted { page: page as u32, per_page: per_page as u32 })
    }

    /// The items of this page, out of `total`.
    pub fn answer(&self, call: &Call<'_>, mut items: impl Iterator<Item = String>, total: u64) -> Response {
        self.whole(call, &mut items, total)
    }

    fn whole(&self, call: &Call<'_>, items: &mut dyn Iterator<Item = String>, total: u64) -> Response {
        self.counted(call, Response::json(200, json::array(items)), total)
    }

    /// An answer that has this page's items, with what is said of all of them.
    pub fn counted(&self, call: &Call<'_>, answer: Response, total: u64) -> Response {
        let pages = total.div_ceil(self.per_page.into());
        answer
            .with("x-total-pages", pages.to_string())
            .with("x-total-count", total.to_string())
            .with("x-current-page", self.page.to_string())
            .with("x-items-per-page", self.per_page.to_string())
            .with("link", links(call.request, self.page, self.per_page, pages))
    }
}
