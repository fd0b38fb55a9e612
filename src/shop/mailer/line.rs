//! Texts of others in places of one line: subjects and the names of senders. A line break there
//! would begin another header, and a character that turns the text around could hide who writes.

use crate::shop::text::{isolated, turned};

/// Characters of a subject. Clients show fewer.
const MAX_SUBJECT: usize = 150;
const MAX_NAME: usize = 70;
/// Characters of a title or a name inside a sentence.
const MAX_PLACE: usize = 300;

/// One line without control characters, of so many characters at most.
fn one_line(text: &str, most: usize) -> String {
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || turned(c.encode_utf8(&mut [0; 4])).is_some()
    };
    let plain: String = text.chars().map(|c| if odd(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

pub fn subject(text: &str) -> String {
    one_line(text, MAX_SUBJECT)
}

/// A text inside a sentence: it keeps its direction to itself.
pub fn place(text: &str) -> String {
    isolated(&one_line(text, MAX_PLACE))
}

/// The name of a sender: without what means something in a header of addresses (RFC 5322, 3.2.3),
/// so that it needs no escapes inside its quotes.
pub fn name(text: &str) -> String {
    let plain: String = text.chars().map(|c| if matches!(c, '"' | '\\' | '<' | '>') { ' ' } else { c }).collect();
    one_line(&plain, MAX_NAME)
}

/// Several lines of others, without control characters but tabs.
pub fn block(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_a_line_or_turns_it_around() {
        let wild = "Key\r\nBcc: eve@example.com\u{2028}\u{0}\u{85}\u{b}\u{202e}x\t y";
        assert_eq!(subject(wild), "Key Bcc: eve@example.com x y");
        assert_eq!(name("Ada\"s <ada@example.com>\r\n\\ Apps"), "Ada s ada@example.com Apps");
        assert_eq!(subject("\r\n"), "");
        let long = subject(&"é ".repeat(400));
        assert!(long.chars().count() <= 150 && long.ends_with('…'), "{long}");
        assert_eq!(block("a\r\nb\rc\u{0}\u{1b}[2J\td"), "a\nb\nc[2J\td");
    }
}
