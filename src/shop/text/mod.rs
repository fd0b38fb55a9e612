//! Text as people paste it. Characters that draw nothing come along unseen: a byte order mark from a file, a zero-width
//! space from a web page, a direction mark from a spreadsheet. They are taken off the ends and refused inside, because
//! two texts that look the same must not be told apart by them.

pub mod email;
pub mod provider;
pub mod table;

/// Whether a character draws nothing: Unicode's Default_Ignorable_Code_Point, and the format controls of annotations.
pub fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164
        | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// White space counts, and the empty Braille pattern, which people use to write a blank name.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c) || c == '\u{2800}'
}

/// Variation selectors and the tags of flags. They belong to the emoji or letter before them.
fn is_selector(c: char) -> bool {
    matches!(u32::from(c), 0x180b..=0x180d | 0x180f | 0xfe00..=0xfe0f | 0xe0020..=0xe007f | 0xe0100..=0xe01ef)
}

/// Whether an invisible character shapes the text beside it, as in emoji, Persian and Malayalam. Codes are ASCII, and
/// beside ASCII only keycaps are shaped.
fn shapes(before: Option<char>, c: char, after: Option<char>) -> bool {
    let is_joiner = matches!(c, '\u{200c}' | '\u{200d}');
    if !is_joiner && !is_selector(c) {
        return false;
    }
    match before {
        Some(digit) if digit.is_ascii() => c == '\u{fe0f}' && after.map(u32::from) == Some(0x20e3),
        Some(letter) => !is_blank(letter) || is_selector(letter),
        None => false,
    }
}

/// A text that is compared, without white space and invisible characters at its ends.
pub fn clean(text: &str) -> &str {
    cut(text, is_blank)
}

/// A text that is read: direction marks at its ends stay, because they place its punctuation. Empty when there is nothing
/// to see.
pub fn trim(text: &str) -> &str {
    let is_mark = |c: char| matches!(u32::from(c), 0x61c | 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
    if clean(text).is_empty() { "" } else { cut(text, |c| is_blank(c) && !is_mark(c)) }
}

fn cut(text: &str, is_cut: impl Fn(char) -> bool) -> &str {
    let text = text.trim_start_matches(&is_cut);
    let seen = text.trim_end_matches(&is_cut);
    let mut end = seen.len();
    let mut before = seen.chars().next_back();
    for c in text.chars().skip(seen.chars().count()).take_while(|c| is_selector(*c)) {
        if !shapes(before, c, None) {
            break;
        }
        end += c.len_utf8();
        before = Some(c);
    }
    text.get(..end).unwrap_or(seen)
}

/// The first invisible character inside a clean text.
pub fn hidden(text: &str) -> Option<char> {
    if text.is_ascii() {
        return None;
    }
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_invisible(c) && !shapes(before, c, chars.peek().copied()) {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

/// A character that makes the text around it run the other way: "\u{202e}Gift card" shows as "drac tfiG". An override is
/// refused at the ends, too. An embedding is refused inside, where it would reach into the text that follows.
pub fn turned(text: &str) -> Option<char> {
    let is_override = |c: &char| matches!(c, '\u{202d}' | '\u{202e}');
    let is_embedding = |c: &char| matches!(c, '\u{202a}'..='\u{202e}');
    text.chars().find(is_override).or_else(|| clean(text).chars().find(is_embedding))
}

/// For places without markup, such as a document's title: the direction of `text` stays inside it.
pub fn isolated(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("\u{2068}{text}\u{2069}") }
}

/// `U+200B`.
pub fn name_of(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::{clean, hidden, trim, turned};

    #[test]
    fn ends_are_cleaned_of_what_nobody_sees() {
        for (text, cleaned) in [
            ("\u{feff}A-1\u{200b}\r\n", "A-1"),
            ("\u{200e}\u{202a} A \u{ad}\u{202c}", "A"),
            ("\u{2060}\u{3164}\u{2800}\u{a0}", ""),
            ("\u{e0041}A\u{fe0f}", "A"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("❤\u{fe0f}\u{200b}", "❤\u{fe0f}"),
            ("🏴\u{e0067}\u{e0062}\u{e007f} ", "🏴\u{e0067}\u{e0062}\u{e007f}"),
            ("\u{200d}", ""),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_is_read_keeps_its_direction_marks() {
        for (text, trimmed) in [
            ("\u{feff} (10) بطاقة \u{200f}\u{200b}\n", "(10) بطاقة \u{200f}"),
            ("\u{200e}\u{200f} \u{200b}", ""),
            ("\u{200e}A\u{fe0f}", "\u{200e}A"),
        ] {
            assert_eq!(trim(text), trimmed, "{text:?}");
        }
    }

    #[test]
    fn what_shapes_a_letter_is_not_hidden() {
        for text in ["👨\u{200d}👩\u{200d}👧", "می\u{200c}خواهم", "1\u{fe0f}\u{20e3}", "❤\u{fe0f}\u{200d}🔥", "عربي"]
        {
            assert_eq!(hidden(text), None, "{text:?}");
        }
        for (text, c) in [
            ("A\u{200d}B", '\u{200d}'),
            ("A\u{fe0f}B", '\u{fe0f}'),
            ("é\u{ad}e", '\u{ad}'),
            ("A\u{e0041}B", '\u{e0041}'),
            ("A\u{200f}B", '\u{200f}'),
            ("A\u{feff}B", '\u{feff}'),
        ] {
            assert_eq!(hidden(text), Some(c), "{text:?}");
        }
    }

    #[test]
    fn overrides_are_found_anywhere_and_embeddings_inside() {
        assert_eq!(turned("\u{202e}Gift card"), Some('\u{202e}'));
        assert_eq!(turned("Gift card\u{202d}"), Some('\u{202d}'));
        assert_eq!(turned("Gift \u{202b}card"), Some('\u{202b}'));
        assert_eq!(turned("\u{202a}C:\\gift\u{202c}"), None);
        assert_eq!(turned("بطاقة \u{200f}(10)"), None);
    }
}
