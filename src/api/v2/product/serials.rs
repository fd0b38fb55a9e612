//! `PUT /products/:id/serials`: a file of serials is added to the stock.

use serde::Serialize;

use super::{ApiResult, Call, again, upload};
use crate::{
    api::{body, failure::Failure},
    http::Request,
    json,
    shop::{
        product::{
            self,
            fill::{Filled, fill},
        },
        stock::{
            MAX_LENGTH, MAX_SERIALS,
            file::{self, BadLine, Format, Lines, MAX_BYTES, Unreadable},
        },
        text::name_of,
        upload::Place,
    },
};

/// Refused lines that are told with their reasons. The answer is kept under the request's key, and a
/// text of D1 has an end.
const MAX_TOLD: usize = 1_000;

pub async fn put(call: &Call<'_>, id: &str) -> ApiResult {
    match read(call.request) {
        Ok(lines) => {
            again(async || {
                let filled = fill(call.app, call.account, id, &lines).await?;
                call.commit(200, filled, answer).await
            })
            .await
        }
        Err(failure) => {
            let product = (product::sql::TABLE, id, Place::File);
            Err(upload::of_what_is_there(call, product, failure).await)
        }
    }
}

fn read(request: &Request) -> Result<Lines<'_>, Failure> {
    let format = format(request.header("content-type"))?;
    let bytes = request.body().ok_or_else(|| body::too_large(MAX_BYTES as u64))?;
    let lines = file::read(bytes, format).map_err(|unreadable| {
        Failure::invalid(&match unreadable {
            Unreadable::TooManyLines => format!("Serials has too many lines (maximum is {MAX_SERIALS})"),
            Unreadable::OpenQuote(line) => format!("Serials has a quote that is never closed: line {line}"),
            Unreadable::Utf16 => "Serials is not valid UTF-8: it begins as UTF-16 does".to_owned(),
        })
    })?;
    match lines.serials.is_empty() && lines.refused.is_empty() {
        true => Err(Failure::invalid("Serials can't be blank")),
        false => Ok(lines),
    }
}

/// `text/csv; header=absent` (RFC 4180, 3) or `text/plain`.
fn format(kind: Option<&str>) -> Result<Format, Failure> {
    let (kind, parameters) = body::text_type(kind, "Serials")?;
    let header = parameters.iter().find(|(known, _)| known == "header").map(|(_, value)| value.as_str());
    match kind.as_str() {
        "text/plain" => Ok(Format::Text),
        "text/csv" => Ok(Format::Table {
            header: match header {
                Some("present") => Some(true),
                Some("absent") => Some(false),
                _ => None,
            },
        }),
        _ => Err(Failure::new(415, "The Content-Type must be text/csv or text/plain")),
    }
}

fn answer(filled: &Filled) -> String {
    let line = |(line, why): &(usize, BadLine)| RefusedLine { line: *line, reason: reason(*why) };
    json::to_text(&SerialsBody {
        added: filled.added,
        duplicates: &filled.duplicates,
        refused: filled.refused.iter().take(MAX_TOLD).map(line).collect(),
        refused_count: filled.refused.len(),
    })
}

fn reason(why: BadLine) -> String {
    match why {
        BadLine::NotUtf8 => "is not valid UTF-8".to_owned(),
        BadLine::TooLong => format!("is too long (maximum is {MAX_LENGTH} characters)"),
        BadLine::Control(c) => format!("has a control character ({})", name_of(c)),
        BadLine::Invisible(c) => format!("has an invisible character ({})", name_of(c)),
        BadLine::Delimiter => "has the product's stock_delimiter in it".to_owned(),
        BadLine::BehindQuote => "has text behind its closing quote".to_owned(),
    }
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "AddedSerials"))]
pub struct SerialsBody<'a> {
    /// How many serials were added.
    added: usize,
    /// The lines, from 1, whose serials were left out: the product has them already, in stock, held
    /// or sold, or an earlier line has them. With `unique_serials`, also those that another product
    /// has.
    duplicates: &'a [usize],
    /// Lines that can't be serials; the first 1,000.
    refused: Vec<RefusedLine>,
    /// How many lines can't be serials.
    refused_count: usize,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
struct RefusedLine {
    /// Its number, from 1. In a table, where the row begins.
    line: usize,
    /// What is wrong with it, as the end of a sentence.
    reason: String,
}
