//! `multipart/form-data` (RFC 7578), as far as an upload needs it: the first part that is a file.

/// A file in a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub bytes: &'a [u8],
    pub name: Option<String>,
    pub kind: Option<String>,
}

pub fn is_form(content_type: &str) -> bool {
    content_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}

/// The first part with a file name; in a form without one, the first part. `None` for what is no form.
pub fn file<'a>(body: &'a [u8], content_type: &str) -> Option<Part<'a>> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()))?;
    let delimiter = format!("\r\n--{boundary}");
    // The first one may stand without the line break before it.
    let mut rest = match body.strip_prefix(delimiter.as_bytes().get(2..)?) {
        Some(rest) => rest,
        None => body.get(find(body, delimiter.as_bytes())? + delimiter.len()..)?,
    };
    let mut first = None;
    while !rest.starts_with(b"--") {
        let start = find(rest, b"\r\n")? + 2;
        let part = rest.get(start..)?;
        let end = find(part, delimiter.as_bytes())?;
        // A part without headers begins with the empty line.
        let (head, bytes) = match part.strip_prefix(b"\r\n") {
            Some(_) => (&b""[..], part.get(2..end)?),
            None => {
                let head = find(part, b"\r\n\r\n")?;
                (part.get(..head)?, part.get(head + 4..end)?)
            }
        };
        let read = read(head, bytes);
        if read.name.is_some() {
            return Some(read);
        }
        first = first.or(Some(read));
        rest = part.get(end + delimiter.len()..)?;
    }
    first
}

fn read<'a>(head: &[u8], bytes: &'a [u8]) -> Part<'a> {
    let mut part = Part { bytes, name: None, kind: None };
    for line in String::from_utf8_lossy(head).split("\r\n") {
        let Some((header, value)) = line.split_once(':') else { continue };
        if header.eq_ignore_ascii_case("content-disposition") {
            // Of both the extended one is meant (RFC 6266, 4.3): the other may be an e-mail's encoded word.
            let plain = || parameter(value, "filename").map(|name| name.replace("%22", "\""));
            part.name = parameter(value, "filename*").and_then(|text| extended(&text)).or_else(plain);
        } else if header.eq_ignore_ascii_case("content-type") {
            part.kind = Some(value.trim().to_owned());
        }
    }
    part
}

/// `utf-8''caf%C3%A9.zip` (RFC 8187): a charset, a language, and percent-encoded bytes.
fn extended(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, name) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(name).collect();
    if charset.eq_ignore_ascii_case("iso-8859-1") {
        return Some(bytes.into_iter().map(char::from).collect());
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `name=value` or `name="value"` among a header's parameters. Within quotes a backslash stands before a quote.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once(';') {
        let (found, value) = after.split_once('=')?;
        let (value, end) = match value.strip_prefix('"') {
            Some(quoted) => {
                let mut text = String::new();
                let mut chars = quoted.char_indices();
                loop {
                    match chars.next()? {
                        (at, '"') => break (text, quoted.get(at + 1..)?),
                        (at, '\\') if quoted.get(at + 1..)?.starts_with('"') => {
                            text.push('"');
                            chars.next();
                        }
                        (_, c) => text.push(c),
                    }
                }
            }
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value.get(..end)?.trim().to_owned(), value.get(end..)?)
            }
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = end;
    }
    None
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text.get(at..)?.starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=x1";

    fn part<'a>(bytes: &'a [u8], name: Option<&str>, kind: Option<&str>) -> Option<Part<'a>> {
        Some(Part { bytes, name: name.map(str::to_owned), kind: kind.map(str::to_owned) })
    }

    #[test]
    fn the_file_is_found_among_the_parts() {
        let body = b"--x1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
            --x1\r\ncontent-disposition: form-data; name=\"image\"; filename=\"my \\\"logo\\\".png\"\r\n\
            Content-Type: image/png\r\n\r\n\x00\r\n--x\r\n\xff\r\n--x1--\r\n";
        assert_eq!(file(body, KIND), part(b"\x00\r\n--x\r\n\xff", Some("my \"logo\".png"), Some("image/png")));
        assert_eq!(file(body, "Multipart/Form-Data; charset=utf-8; boundary=\"x1\""), file(body, KIND));
    }

    #[test]
    fn a_form_without_file_names_gives_its_first_part() {
        let body = b"preamble\r\n--x1 \r\n\r\nabc\r\n--x1\r\nA: b\r\n\r\ndef\r\n--x1--";
        assert_eq!(file(body, KIND), part(b"abc", None, None));
        assert_eq!(file(b"--x1\r\nA: b\r\n\r\n\r\n--x1--", KIND), part(b"", None, None));
    }

    #[test]
    fn the_extended_name_counts_before_the_plain_one() {
        let name = |disposition: &str| {
            let body = format!("--x1\r\nContent-Disposition: form-data; {disposition}\r\n\r\nabc\r\n--x1--");
            file(body.as_bytes(), KIND).and_then(|part| part.name)
        };
        for (disposition, expected) in [
            // As .NET writes both.
            (r#"filename="=?utf-8?B?Y2Fmw6kuemlw?="; filename*=utf-8''caf%C3%A9.zip"#, "café.zip"),
            (r#"filename*=UTF-8'en'caf%C3%A9.zip; filename="cafe.zip""#, "café.zip"),
            (r#"filename*=iso-8859-1''caf%E9.zip"#, "café.zip"),
            (r#"filename*=nonsense; filename="a+b.zip""#, "a+b.zip"),
            // As browsers write a quote (WHATWG HTML, "multipart/form-data encoding algorithm").
            (r#"filename="my %22logo%22.png""#, "my \"logo\".png"),
        ] {
            assert_eq!(name(disposition).as_deref(), Some(expected), "{disposition}");
        }
    }

    #[test]
    fn what_is_no_form_is_none() {
        for (body, kind) in [
            (&b""[..], KIND),
            (b"--x1--", KIND),
            (b"--x1", KIND),
            (b"--x1\r\nA: b\r\n\r\nnever ends", KIND),
            (b"--x1\r\nA: b\r\n--x1--", KIND),
            (b"--x1\r\n\r\nabc\r\n--x1--", "multipart/form-data"),
            (b"--x1\r\n\r\nabc\r\n--x1--", "multipart/form-data; boundary="),
            (b"--x1\r\n\r\nabc\r\n--x1--", "multipart/form-data; boundary=\"x1"),
        ] {
            assert_eq!(file(body, kind), None, "{body:?} {kind}");
        }
        assert!(is_form("multipart/form-data; boundary=x") && !is_form("image/png") && !is_form("multipart/é"));
    }
}
