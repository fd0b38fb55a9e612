//! `/admin/lists`: what the operator knows of networks and domains.

use serde::Serialize;

use crate::{
    api::{body, failure::Failure},
    http::{Request, Response},
    json,
    shop::{
        App,
        operator_list::{self, BadLine, Kept, MAX_BYTES, MAX_LINES, Name, Unreadable},
        time,
    },
};

/// Refused lines that are told with their reasons.
const MAX_TOLD: usize = 1_000;

/// All that there are, with how many lines each has, and since when.
pub async fn list(app: &App) -> Result<Response, Failure> {
    let lists = operator_list::list(app).await?;
    Ok(Response::json(200, json::array(lists.iter().map(|kept| json::to_text(&listed(kept))))))
}

/// A file takes the place of the list: `text/plain`, one network or domain a line, comments behind `#`.
pub async fn put(app: &App, request: &Request, name: &str) -> Result<Response, Failure> {
    let name = Name::parse(name).ok_or_else(Failure::not_found)?;
    // `curl -T` says no type.
    let (kind, _) = body::text_type(request.header("content-type"), "The list")?;
    if !matches!(kind.as_str(), "" | "text/plain") {
        return Err(Failure::new(415, "The Content-Type must be text/plain"));
    }
    let bytes = request.body().ok_or_else(|| body::too_large(MAX_BYTES as u64))?;
    let content = operator_list::read(name, bytes).map_err(|unreadable| {
        Failure::invalid(&match unreadable {
            Unreadable::TooManyLines => format!("The list has too many lines (maximum is {MAX_LINES})"),
            Unreadable::Utf16 => "The list is not valid UTF-8: it begins as UTF-16 does".to_owned(),
        })
    })?;
    if content.ranges.is_empty() {
        // An error page that somebody's script took for a list must not replace one.
        let told = content.refused.iter().take(10).map(|(line, bad)| format!("Line {line} {}", reason(*bad)));
        let told: Vec<String> = told.collect();
        return Err(match told.is_empty() {
            true => Failure::invalid("The list can't be blank: DELETE takes it away"),
            false => Failure::validation(told),
        });
    }
    let kept = operator_list::put(app, name, &content).await?;
    let refused = content.refused.iter().take(MAX_TOLD);
    let Body { name, lines, updated_at, behind } = listed(&kept);
    let answer = PutBody {
        name,
        lines,
        updated_at,
        behind,
        refused: refused.map(|(line, bad)| RefusedLine { line: *line, reason: reason(*bad) }).collect(),
        refused_count: content.refused.len(),
    };
    Ok(Response::json(200, json::to_text(&answer)))
}

pub async fn destroy(app: &App, name: &str) -> Result<Response, Failure> {
    let name = Name::parse(name).ok_or_else(Failure::not_found)?;
    operator_list::destroy(app, name).await?;
    Ok(Response::empty(204))
}

fn reason(bad: BadLine) -> &'static str {
    match bad {
        BadLine::NotUtf8 => "is not valid UTF-8",
        BadLine::NoNetwork => "is not a valid IP address or range",
        BadLine::TooWide => "is too wide a range (a list's are /8 or narrower, of IPv6 /16)",
        BadLine::NoDomain => "is not a domain",
    }
}

fn listed(kept: &Kept) -> Body<'_> {
    let Kept { name, lines, updated_at, behind } = kept;
    Body { name, lines: *lines, updated_at: time::wire(*updated_at), behind }
}

#[derive(Serialize)]
struct Body<'a> {
    name: &'a str,
    lines: u32,
    updated_at: String,
    /// Databases that have another revision: put it once more.
    behind: &'a [String],
}

#[derive(Serialize)]
struct PutBody<'a> {
    name: &'a str,
    lines: u32,
    updated_at: String,
    behind: &'a [String],
    refused: Vec<RefusedLine>,
    refused_count: usize,
}

#[derive(Serialize)]
struct RefusedLine {
    line: usize,
    reason: &'static str,
}
