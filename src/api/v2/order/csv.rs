//! `GET /orders.csv`: the list as a table (RFC 4180), with the filters of the list. The columns are
//! the order's fields.

use super::{ApiResult, Call, filter, object};
use crate::{
    api::v2::page::Wanted,
    http::Response,
    json::{self, Value, ValueExt},
    shop::order::{self, Order},
};

/// Rows of a page, unless fewer are asked for. A page is held in memory.
const MAX_ROWS: u64 = 1_000;

/// Characters of what was delivered. An order's goods may be 400 kB, of which a page would have a thousand, and no
/// spreadsheet takes a cell of more than 32,767.
const MAX_GOODS: u32 = 8_000;

const COLUMNS: [&str; 32] = [
    "id",
    "created_at",
    "updated_at",
    "status",
    "product_id",
    "product_title",
    "quantity",
    "value",
    "currency",
    "subtotal",
    "discount",
    "coupon_id",
    "gateway",
    "email",
    "ip_address",
    "country_code",
    "user_agent",
    "referral",
    "risk_level",
    "delivery",
    "delivered",
    "usd_value",
    "exchange_rate",
    "crypto_value",
    "crypto_address",
    "crypto_received",
    "crypto_confirmations",
    "rate_source",
    "rate_at",
    "exceptions",
    "downloads",
    "custom",
];

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read_within(call, MAX_ROWS, (1, MAX_ROWS))?;
    let filter = filter(call)?;
    let mut page =
        order::list_cut(call.app, call.account, &filter, MAX_GOODS + 1, wanted.page, wanted.per_page).await?;
    let mut table = line(COLUMNS.iter().map(|name| (*name).to_owned()));
    for order in &mut page.rows {
        order.delivered = order.delivered.take().map(cut);
        table.push_str(&row(order));
    }
    let answer = Response::bytes(200, "text/csv; charset=utf-8; header=present", table.into_bytes())
        .with("content-disposition", "attachment; filename=\"orders.csv\"");
    Ok(wanted.counted(call, answer, page.total))
}

/// Goods that are longer end with an ellipsis.
fn cut(goods: String) -> String {
    match goods.char_indices().nth(MAX_GOODS as usize) {
        None => goods,
        Some((end, _)) => format!("{}…", goods.get(..end).unwrap_or_default()),
    }
}

/// The order's object, field by field.
fn row(order: &Order) -> String {
    let fields = json::parse(&object(order)).ok();
    line(COLUMNS.iter().map(|name| match fields.as_ref().and_then(|fields| fields.get(*name)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        // Of several words one cell, and the custom inputs as they are.
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_text(),
    }))
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A text that a spreadsheet would run as a formula gets an apostrophe in front
/// (owasp.org/www-community/attacks/CSV_Injection).
fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{text}", if runs { "'" } else { "" });
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// The answer, for the specification.
#[cfg(not(target_arch = "wasm32"))]
pub struct Table;

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Table {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Table".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "contentMediaType": "text/csv"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (text, written) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }
}
