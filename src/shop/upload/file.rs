//! A file on its way to somebody who may have it: whole, in part, or not at all.

use std::{any::Any, rc::Rc};

use super::{
    Place, Upload,
    range::{Selection, Wanted},
};
use crate::{
    platform::Fault,
    shop::{App, Outcome, Refusal},
};

/// What is answered, whoever asks: the buyer at their receipt, or the seller.
#[derive(Debug)]
pub struct Download {
    /// 200, 206, 304, 412 or 416.
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// The platform's own stream, which is passed on unread.
    pub stream: Option<Rc<dyn Any>>,
}

/// The file, or the part of it that the request's headers ask for (RFC 9110, 13 and 14). `header`
/// gives a header of the request by its name in lower case; of a HEAD request (`head`) it must give
/// no `range`, and nothing is opened. Whether the file may be had, the caller decides.
pub async fn download<'a>(
    app: &App,
    file: &Upload,
    head: bool,
    header: impl Fn(&'static str) -> Option<&'a str>,
) -> Outcome<Download> {
    let size = u64::try_from(file.size).map_err(|_| Fault("a file's size is none".into()))?;
    // Another upload has another id. Half of it names no object.
    let etag = format!("\"{}\"", file.id.split('/').next().unwrap_or_default());
    let wanted = Wanted {
        range: header("range"),
        if_range: header("if-range"),
        if_match: header("if-match"),
        if_none_match: header("if-none-match"),
    };
    let mut headers = vec![
        ("etag", etag.clone()),
        ("accept-ranges", "bytes".to_owned()),
        // Nobody on the way keeps it, or changes it, so that ranges stay those of one file.
        ("cache-control", "private, no-cache, no-transform".to_owned()),
    ];
    let (status, first, length) = match wanted.of(size, &etag) {
        Selection::Whole => (200, 0, size),
        Selection::Part(first, last) => {
            headers.push(("content-range", format!("bytes {first}-{last}/{size}")));
            (206, first, last + 1 - first)
        }
        Selection::Unsatisfiable => {
            headers.push(("content-range", format!("bytes */{size}")));
            return Ok(Download { status: 416, headers, stream: None });
        }
        Selection::NotModified => return Ok(Download { status: 304, headers, stream: None }),
        Selection::Failed => return Ok(Download { status: 412, headers, stream: None }),
    };
    headers.extend([
        // A file's type is the seller's word, and a browser must run nothing of it.
        ("content-type", "application/octet-stream".to_owned()),
        ("content-disposition", disposition(&file.name)),
        ("content-length", length.to_string()),
        ("content-security-policy", "default-src 'none'; sandbox".to_owned()),
    ]);
    if head {
        return Ok(Download { status, headers, stream: None });
    }
    let stream = app.platform.files.open(&Place::File.key(&file.id), first, length).await?;
    Ok(Download { status, headers, stream: Some(stream.ok_or(Refusal::NotFound)?) })
}

/// `Content-Disposition` with a name in any script (RFC 6266, 4.3 and appendix D): one in ASCII for
/// old clients, and if that isn't all of it, one in UTF-8 (RFC 8187, 3.2.1), which counts before it.
pub fn disposition(name: &str) -> String {
    // "invoice\u{202e}fdp.exe" would show as "invoiceexe.pdf".
    let is_turn =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name: String = name.chars().filter(|c| !c.is_control() && !is_turn(*c)).collect();
    let name = match name.trim() {
        "" => "file",
        name => name,
    };
    // Clients differ in what a backslash, a percent sign or a quote in quotes is.
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%' | '/');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let mut coded = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => coded.push(byte.into()),
            b'!' | b'#' | b'$' | b'&' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' => {
                coded.push(byte.into())
            }
            _ => coded.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{coded}")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn any_name_is_safe_in_the_header() {
        for (name, written) in [
            ("app.zip", r#"attachment; filename="app.zip""#),
            ("my app (2).zip", r#"attachment; filename="my app (2).zip""#),
            ("a;b=c.zip", r#"attachment; filename="a;b=c.zip""#),
            ("épée.zip", r#"attachment; filename="_p_e.zip"; filename*=UTF-8''%C3%A9p%C3%A9e.zip"#),
            ("100%.pdf", r#"attachment; filename="100_.pdf"; filename*=UTF-8''100%25.pdf"#),
            ("say \"no\".txt", r#"attachment; filename="say _no_.txt"; filename*=UTF-8''say%20%22no%22.txt"#),
            ("a\\b/c", r#"attachment; filename="a_b_c"; filename*=UTF-8''a%5Cb%2Fc"#),
            ("文件.pdf", r#"attachment; filename="__.pdf"; filename*=UTF-8''%E6%96%87%E4%BB%B6.pdf"#),
            ("a\r\nset-cookie: x", r#"attachment; filename="aset-cookie: x""#),
            ("bill\u{202e}fdp.exe", r#"attachment; filename="billfdp.exe""#),
            ("it's*.txt", r#"attachment; filename="it's*.txt""#),
            (" \u{202e} ", r#"attachment; filename="file""#),
        ] {
            assert_eq!(disposition(name), written, "{name:?}");
        }
    }
}
