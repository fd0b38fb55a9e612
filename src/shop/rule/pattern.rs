//! Patterns: regular expressions, and wildcards.

use regex_lite::{Regex, RegexBuilder};

/// Bytes of a compiled pattern. A search takes time in proportion to them and to the text, so this also bounds the time.
const MAX_SIZE: usize = 16 << 10;
/// Groups and repetitions inside one another.
const MAX_NESTING: u32 = 32;

#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Or the words of what is wrong with it.
    pub fn new(source: String) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(&source).size_limit(MAX_SIZE).nest_limit(MAX_NESTING).build();
        match regex {
            Ok(regex) => Ok(Pattern { source, regex }),
            Err(error) => Err(format!("the pattern can't be used: {error}")),
        }
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub fn source(&self) -> &str {
        &self.source
    }
}

/// A text in which each `*` stands for any characters, or none. The whole value must match.
#[derive(Clone, Debug)]
pub struct Wildcard {
    source: String,
    /// What stands between the stars, in lower case unless it is strict.
    parts: Vec<String>,
    strict: bool,
}

impl Wildcard {
    pub fn new(source: String, strict: bool) -> Result<Wildcard, String> {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut chars = source.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    return Err("** is no pattern: one * already stands for any characters".into());
                }
                '*' => parts.push(std::mem::take(&mut part)),
                '\\' => match chars.next() {
                    Some(c @ ('*' | '\\')) => part.push(c),
                    _ => return Err(r"a \ in a wildcard stands before * or \, which it makes plain characters".into()),
                },
                c => part.push(c),
            }
        }
        parts.push(part);
        if !strict {
            parts.iter_mut().for_each(|part| *part = folded(part));
        }
        Ok(Wildcard { source, parts, strict })
    }

    pub fn is_match(&self, text: &str) -> bool {
        if self.strict { self.fits(text) } else { self.fits(&folded(text)) }
    }

    /// The first part begins the text and the last ends it. Those between are each looked for where the one before ended:
    /// the leftmost place leaves most for the others, so nothing is tried twice.
    fn fits(&self, text: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return text == first };
        let Some(mut text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else {
            return false;
        };
        for part in middle {
            match text.split_once(part.as_str()) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        true
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn is_strict(&self) -> bool {
        self.strict
    }
}

/// Each character by itself. `str::to_lowercase` looks at what stands around a Σ, so a part of a word would differ from the
/// same letters inside it.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
