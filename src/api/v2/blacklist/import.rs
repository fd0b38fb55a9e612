//! `POST /blacklist/import`: a file of entries.

use serde::Serialize;

use super::{ApiResult, Call, again, bad_fact};
use crate::{
    api::{
        body,
        failure::{Failure, quoted},
    },
    http::Request,
    json,
    shop::blacklist::import::{self, BadLine, COLUMNS, Format, Imported, Lines, MAX_BYTES, MAX_LINES, Unreadable},
};

/// Refused lines that are told with their reasons. The answer is kept under the request's key, and a
/// text of D1 has an end.
const MAX_TOLD: usize = 1_000;

pub async fn import(call: &Call<'_>) -> ApiResult {
    let lines = read(call.request, call.app.now())?;
    again(async || {
        let imported = import::add(call.app, call.account, &lines).await?;
        call.commit(200, imported, answer).await
    })
    .await
}

fn read(request: &Request, now: i64) -> Result<Lines, Failure> {
    let (kind, _) = body::text_type(request.header("content-type"), "Entries")?;
    let format = match kind.as_str() {
        "text/plain" => Format::Text,
        "text/csv" => Format::Table,
        _ => return Err(Failure::new(415, "The Content-Type must be text/csv or text/plain")),
    };
    let bytes = request.body().ok_or_else(|| body::too_large(MAX_BYTES as u64))?;
    let lines = import::read(bytes, format, now).map_err(|unreadable| {
        Failure::invalid(&match unreadable {
            Unreadable::TooManyLines => format!("Entries has too many lines (maximum is {MAX_LINES})"),
            Unreadable::OpenQuote(line) => format!("Entries has a quote that is never closed: line {line}"),
            Unreadable::Utf16 => "Entries is not valid UTF-8: it begins as UTF-16 does".to_owned(),
            Unreadable::NoHeader => {
                format!("Entries must begin with the names of its columns, such as {}", COLUMNS.join(","))
            }
            Unreadable::UnknownColumn(name) => {
                format!("Entries has an unknown column {} (known are {})", quoted(&name), COLUMNS.join(", "))
            }
            Unreadable::DoubledColumn(name) => format!("Entries has the column {name} twice"),
        })
    })?;
    match lines.drafts.is_empty() && lines.refused.is_empty() {
        true => Err(Failure::invalid("Entries can't be blank")),
        false => Ok(lines),
    }
}

fn answer(imported: &Imported) -> String {
    let line = |(line, why): &(usize, BadLine)| RefusedLine { line: *line, reason: reason(*why) };
    json::to_text(&ImportedBody {
        added: imported.added,
        duplicates: &imported.duplicates,
        refused: imported.refused.iter().take(MAX_TOLD).map(line).collect(),
        refused_count: imported.refused.len(),
    })
}

fn reason(why: BadLine) -> String {
    match why {
        BadLine::NotUtf8 => "is not valid UTF-8".to_owned(),
        BadLine::BehindQuote => "has text behind its closing quote".to_owned(),
        BadLine::Blank => "has no blocked_data".to_owned(),
        BadLine::TooLong => "is too long (maximum is 254 characters)".to_owned(),
        BadLine::UnknownType => "has a blacklist_type that is not 1, 2 or 3".to_owned(),
        BadLine::Fact(bad) => bad_fact(bad),
        BadLine::NoteTooLong => "has a note that is too long (maximum is 1000 characters)".to_owned(),
        BadLine::NoteControl => "has a note with characters that are not allowed".to_owned(),
        BadLine::BadTime => "has an expires_at that is not a valid ISO 8601 time".to_owned(),
        BadLine::PastTime => "has an expires_at that is not in the future".to_owned(),
    }
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "ImportedEntries"))]
pub struct ImportedBody<'a> {
    /// How many entries were added.
    added: usize,
    /// The lines, from 1, whose facts were left out: they are on the blacklist already, or an
    /// earlier line has them.
    duplicates: &'a [usize],
    /// Lines that can't be entries; the first 1,000.
    refused: Vec<RefusedLine>,
    /// How many lines can't be entries.
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
