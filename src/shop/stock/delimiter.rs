//! What tells serials apart. A newline is a newline, however it is written on the machine that the text comes from, and
//! `\\n` typed as two characters means one.

/// How serials are counted in what a seller is told.
pub fn unit(delimiter: &str) -> &'static str {
    if unescaped(&normal(delimiter)).contains('\n') { "line" } else { "serial" }
}

/// The delimiter with its newlines as `\n`. One that was typed as `\\n` is taken at its word only where the text has that.
pub fn meant(info: &str, delimiter: &str) -> String {
    let delimiter = normal(delimiter);
    let unescaped = unescaped(&delimiter);
    if unescaped != delimiter && split_once(info, &unescaped).is_some() { unescaped } else { delimiter }
}

fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n")
}

fn unescaped(text: &str) -> String {
    text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\r", "\n").replace("\\t", "\t")
}

/// The pieces, each with its number from 1: with a newline in the delimiter that of its line, otherwise its own.
pub fn split<'a>(info: &'a str, delimiter: &str) -> impl Iterator<Item = (usize, &'a str)> {
    let by_line = delimiter.contains('\n');
    let mut rest = Some(info);
    let mut place = 1;
    std::iter::from_fn(move || {
        let text = rest?;
        let (piece, between) = match split_once(text, delimiter) {
            Some((piece, between, after)) => {
                rest = Some(after);
                (piece, between)
            }
            None => {
                rest = None;
                (text, "")
            }
        };
        let start = piece.len() - piece.trim_start().len();
        let here = if by_line { place + lines(piece.get(..start).unwrap_or_default()) } else { place };
        place += if by_line { lines(piece) + lines(between) } else { 1 };
        Some((here, piece))
    })
}

/// What stands before the delimiter, the delimiter as the text has it, and what stands behind it.
pub fn split_once<'a>(info: &'a str, delimiter: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let first = delimiter.chars().next()?;
    let begins = |c: char| if first == '\n' { is_newline(c) } else { c == first };
    for (at, _) in info.match_indices(begins) {
        let (before, from) = info.split_at_checked(at)?;
        if let Some(after) = behind(from, delimiter) {
            let (between, after) = from.split_at_checked(from.len() - after.len())?;
            return Some((before, between, after));
        }
    }
    None
}

fn behind<'a>(text: &'a str, delimiter: &str) -> Option<&'a str> {
    delimiter.chars().try_fold(text, |rest, c| if c == '\n' { newline(rest) } else { rest.strip_prefix(c) })
}

fn newline(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(is_newline))
}

fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn lines(text: &str) -> usize {
    text.chars().filter(|c| is_newline(*c)).count() - text.matches("\r\n").count()
}

#[cfg(test)]
mod tests {
    use super::{meant, split, unit};

    fn pieces<'a>(info: &'a str, delimiter: &str) -> Vec<(usize, &'a str)> {
        split(info, &meant(info, delimiter)).collect()
    }

    #[test]
    fn any_newline_is_a_newline() {
        for newline in ["\n", "\r\n", "\r", "\u{2028}", "\\n", "\\r\\n"] {
            for text in ["A\nB", "A\r\nB", "A\rB", "A\u{2029}B"] {
                assert_eq!(pieces(text, newline), [(1, "A"), (2, "B")], "{newline:?} {text:?}");
            }
        }
        for text in ["A\n\nB\nb\n\nC", "A\r\n\r\nB\nb\r\rC"] {
            for two in ["\n\n", "\r\n\r\n", "\\n\\n"] {
                let texts: Vec<_> = pieces(text, two).into_iter().map(|(place, text)| (place, text.len())).collect();
                assert_eq!(texts, [(1, 1), (3, 3), (6, 1)], "{text:?} {two:?}");
            }
        }
        assert_eq!(pieces("A;\r\nB;C", ";\n"), [(1, "A"), (2, "B;C")]);
    }

    #[test]
    fn typed_escapes_are_taken_at_their_word_where_the_text_has_them() {
        assert_eq!(pieces("A\\nB", "\\n"), [(1, "A"), (2, "B")]);
        assert_eq!(pieces("CORP\\nancy\nCORP\\ned", "\\n"), [(1, "CORP\\nancy"), (2, "CORP\\ned")]);
        assert_eq!(pieces("CORP\\nancy\nCORP\\ned", "\n"), [(1, "CORP\\nancy"), (2, "CORP\\ned")]);
        assert_eq!(pieces("A\tB", "\\t"), [(1, "A"), (2, "B")]);
        assert_eq!(pieces("A,B", ","), [(1, "A"), (2, "B")]);
        assert_eq!((unit("\\r\\n"), unit("\r"), unit(";")), ("line", "line", "serial"));
    }
}
