//! Texts as rules write them.

/// In quotes, with `\` before what would end them.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}
