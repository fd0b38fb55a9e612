//! Files that people upload: texts with something on each line, and tables (RFC 4180). Each line and each record is told with
//! its number.

use std::borrow::Cow;

/// Something other than a comma stands behind the closing quote of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BehindQuote;

pub type Cell<'a> = Result<Cow<'a, [u8]>, BehindQuote>;

/// A quote that is opened on this line is never closed, so what stands behind it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenQuote(pub usize);

/// Without the byte order mark. `None`: it begins as a file in UTF-16 does.
pub fn utf8(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return None;
    }
    Some(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes))
}

/// What is still to be read, and the number of its first line.
pub struct Rest<'a> {
    bytes: &'a [u8],
    line: usize,
}

impl<'a> Rest<'a> {
    pub fn of(bytes: &'a [u8]) -> Rest<'a> {
        Rest { bytes, line: 1 }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next line, however it ends.
    pub fn line(&mut self) -> (usize, &'a [u8]) {
        let line = self.line;
        let end = position(self.bytes, is_newline);
        (line, self.take(end))
    }

    /// The first cells of the next record, so many at most; the others are passed over.
    pub fn record(&mut self, most: usize) -> Result<(usize, Vec<Cell<'a>>), OpenQuote> {
        let line = self.line;
        let (mut at, mut cells) = (0, Vec::with_capacity(most));
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let cell = match rest.strip_prefix(b"\"") {
                Some(quoted) => {
                    let (text, length) = unquoted(quoted).ok_or(OpenQuote(line))?;
                    let tail = quoted.get(length..).unwrap_or_default();
                    let end = position(tail, is_end);
                    let is_bare = tail.get(..end).unwrap_or_default().trim_ascii().is_empty();
                    at += 1 + length + end;
                    if is_bare { Ok(text) } else { Err(BehindQuote) }
                }
                None => {
                    let end = position(rest, is_end);
                    at += end;
                    Ok(Cow::Borrowed(rest.get(..end).unwrap_or_default()))
                }
            };
            if cells.len() < most {
                cells.push(cell);
            }
            if self.bytes.get(at) != Some(&b',') {
                break;
            }
            at += 1;
        }
        self.take(at);
        Ok((line, cells))
    }

    /// So many bytes, and the line break behind them, which is taken as well.
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at_checked(length).unwrap_or((self.bytes, &[]));
        // Of a record that goes on over line breaks in quotes.
        self.line += 1 + newlines(taken);
        self.bytes = match rest {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => &[],
        };
        taken
    }
}

/// The text up to the closing quote, and how many bytes stand there up to behind it. A quote in the
/// text is written twice.
fn unquoted(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, usize)> {
    let (mut text, mut at) = (Cow::Borrowed(&b""[..]), 0);
    loop {
        let rest = bytes.get(at..)?;
        let (piece, after) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'"')?)?;
        at += piece.len() + 1;
        match text.is_empty() {
            true => text = Cow::Borrowed(piece),
            false => text.to_mut().extend_from_slice(piece),
        }
        if after.get(1) != Some(&b'"') {
            return Some((text, at));
        }
        text.to_mut().push(b'"');
        at += 1;
    }
}

fn position(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| is_it(*byte)).unwrap_or(bytes.len())
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_end(byte: u8) -> bool {
    byte == b',' || is_newline(byte)
}

fn newlines(bytes: &[u8]) -> usize {
    let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    bytes.iter().filter(|byte| is_newline(**byte)).count() - pairs
}

#[cfg(test)]
mod tests {
    use super::{OpenQuote, Rest};

    #[test]
    fn a_record_has_its_cells_and_the_line_on_which_it_begins() {
        let file = "a,\"b\r\nc\",d\r\n\r\n,\"x\"\"y\" ,\ne";
        let (mut rest, mut found) = (Rest::of(file.as_bytes()), Vec::new());
        while !rest.is_empty() {
            let (line, cells) = rest.record(3).unwrap();
            let texts: Vec<_> =
                cells.into_iter().map(|cell| String::from_utf8(cell.unwrap().into_owned()).unwrap()).collect();
            found.push((line, texts.join("|")));
        }
        let expected = [(1, "a|b\r\nc|d"), (3, ""), (4, "|x\"y|"), (5, "e")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
        assert_eq!(Rest::of(b"a,\"b\n").record(2), Err(OpenQuote(1)));
        assert_eq!(Rest::of(b"a,b,c\n").record(1).unwrap().1.len(), 1);
    }
}
