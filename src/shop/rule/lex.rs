//! A rule as words, values and symbols.

use std::{net::IpAddr, ops::Range};

use super::error::shown;
use crate::shop::{
    money::{Decimal, NotDecimal},
    text::{is_invisible, name_of},
};

#[derive(Clone, Debug)]
pub struct Token<'a> {
    pub kind: Kind<'a>,
    /// Bytes of the rule.
    pub at: Range<usize>,
}

#[derive(Clone, Debug)]
pub enum Kind<'a> {
    Word(&'a str),
    Text(String),
    Number(Decimal),
    /// Both ends belong to it.
    Numbers(Decimal, Decimal),
    Address(IpAddr),
    Addresses(IpAddr, IpAddr),
    Symbol(&'static str),
    /// What is none of these, and why. It is the last one.
    Bad(String),
    /// The last one of a rule that could be read.
    End,
}

/// The longest first.
const SYMBOLS: [&str; 18] =
    ["==", "!=", "<=", ">=", "&&", "||", "^^", "(", ")", "{", "}", "[", "]", ",", "!", "<", ">", "~"];

/// What people write who come from other languages, and what it is here; the longest first.
const FOREIGN: [(&str, &str); 6] =
    [("===", "=="), ("!==", "!="), ("=~", "~"), ("=<", "<="), ("=>", ">="), ("<>", "!=")];
const HALF: [(&str, &str); 4] = [("=", "=="), ("&", "&&"), ("|", "||"), ("^", "^^")];

/// Reads a part of a text. There is at least one token, the last of which is `Bad` or `End`.
pub fn lex(text: &str, part: Range<usize>) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: part.start, end: part.end, in_pattern: false };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token();
        let is_last = matches!(token.kind, Kind::Bad(_) | Kind::End);
        lexer.in_pattern = matches!(token.kind, Kind::Word("matches") | Kind::Symbol("~"));
        tokens.push(token);
        if is_last {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    /// A regular expression comes next, whose escapes are its own.
    in_pattern: bool,
}

/// A token's kind and its length in bytes, or what is wrong and where, counted from the token's first byte.
type Read<'a> = Result<(Kind<'a>, usize), (String, Range<usize>)>;

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Token<'a> {
        self.skip_blank();
        let at = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Token { kind: Kind::End, at: at..at };
        };
        let read = if let Some(fence) = fence(rest) {
            raw(rest, fence)
        } else if first == '"' {
            quoted(rest, self.in_pattern)
        } else if is_bare(first) {
            bare(rest.split(|c| !is_bare(c)).next().unwrap_or_default())
        } else {
            symbol(rest, first)
        };
        match read {
            Ok((kind, length)) => {
                self.at += length;
                Token { kind, at: at..self.at }
            }
            Err((message, span)) => Token { kind: Kind::Bad(message), at: at + span.start..at + span.end },
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// White space, and comments up to the end of their line.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.end - rest.len();
            if !rest.starts_with('#') {
                return;
            }
            self.at = rest.find('\n').map_or(self.end, |length| self.at + length);
        }
    }
}

/// The `##` between `r` and the quote of a raw text.
fn fence(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix('r')?;
    let quote = after.trim_start_matches('#');
    quote.starts_with('"').then(|| after.get(..after.len() - quote.len()))?
}

fn raw<'a>(rest: &'a str, fence: &str) -> Read<'a> {
    let opening = 1 + fence.len() + 1;
    let closing = format!("\"{fence}");
    match rest.get(opening..).and_then(|inside| inside.split_once(&closing)) {
        Some((text, _)) => Ok((Kind::Text(text.to_owned()), opening + text.len() + closing.len())),
        None => Err((format!("this text is never closed: it ends with {closing}"), 0..opening)),
    }
}

/// In a pattern a backslash is the pattern's own, unless it stands before a quote.
fn quoted(rest: &str, is_pattern: bool) -> Read<'_> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('"', _) => return Ok((Kind::Text(text), at + 1)),
            ('\\', Some((_, '"'))) => text.push('"'),
            ('\\', Some((_, escaped))) if is_pattern => text.extend(['\\', escaped]),
            ('\\', Some((_, '\\'))) => text.push('\\'),
            ('\\', Some((_, escaped))) => {
                let end = at + 1 + escaped.len_utf8();
                let message = format!(
                    "unknown escape \\{escaped}: in quotes write \\\" and \\\\, or a raw text r\"…\", which has no escapes"
                );
                return Err((message, at..end));
            }
            ('\\', None) => break,
            (c, _) => text.push(c),
        }
    }
    Err(("this text is never closed: it ends with \"".to_owned(), 0..1))
}

/// Names, numbers and addresses have no spaces and no operators inside.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '/')
}

fn bare(word: &str) -> Read<'_> {
    let begins_value = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let kind = if begins_value || word.contains(':') { value(word) } else { Ok(Kind::Word(word)) };
    kind.map(|kind| (kind, word.len())).map_err(|message| (message, 0..word.len()))
}

fn value(word: &str) -> Result<Kind<'static>, String> {
    let Some((first, last)) = word.split_once("..") else {
        return single(word);
    };
    let no_range = || format!("{} is no range: it goes between two numbers or two addresses, as in 1..5", shown(word));
    if last.contains("..") {
        return Err(no_range());
    }
    let reversed = || format!("the range {} is empty: its smaller end comes first", shown(word));
    match (single(first)?, single(last)?) {
        (Kind::Number(first), Kind::Number(last)) if first > last => Err(reversed()),
        (Kind::Number(first), Kind::Number(last)) => Ok(Kind::Numbers(first, last)),
        (Kind::Address(first), Kind::Address(last)) if first.is_ipv4() != last.is_ipv4() => {
            Err(format!("the range {} goes from IPv4 to IPv6 or back", shown(word)))
        }
        (Kind::Address(first), Kind::Address(last)) if first > last => Err(reversed()),
        (Kind::Address(first), Kind::Address(last)) => Ok(Kind::Addresses(first, last)),
        _ => Err(no_range()),
    }
}

fn single(word: &str) -> Result<Kind<'static>, String> {
    if word.is_empty() {
        return Err("a range has a number at both ends and no spaces, as in 1..5".into());
    }
    if word.contains([':', '/']) || word.matches('.').count() > 1 {
        return address(word);
    }
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let are_digits = [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !are_digits || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(format!("{} is no number: write digits and at most one point, as in 12 or 0.5", shown(word)));
    }
    match Decimal::parse(word) {
        Ok(number) => Ok(Kind::Number(number)),
        Err(NotDecimal::OutOfRange) => Err("the number has too many digits (maximum is 38)".into()),
        Err(_) => Err(format!("{} is no number", shown(word))),
    }
}

/// `192.0.2.7`, or all addresses of `192.0.2.0/24`. Bits after the prefix don't count.
fn address(word: &str) -> Result<Kind<'static>, String> {
    let Some((address, length)) = word.split_once('/') else {
        let address: IpAddr = word.parse().map_err(|_| format!("{} is no IP address", shown(word)))?;
        return Ok(Kind::Address(address.to_canonical()));
    };
    let no_network = || format!("{} is no network: write it as 192.0.2.0/24 or 2001:db8::/32", shown(word));
    let address: IpAddr = address.parse().map_err(|_| no_network())?;
    let is_number = length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
    let length: u32 = length.parse().ok().filter(|_| is_number).ok_or_else(no_network)?;
    // A network of v4 addresses in v6 spelling is the same network.
    let (address, length) = match address.to_canonical() {
        mapped @ IpAddr::V4(_) if address.is_ipv6() && (96..=128).contains(&length) => (mapped, length - 96),
        _ => (address, length),
    };
    // Shifting by the whole width is too far for the machine, hence `checked`: no bits are left then.
    let (first, last) = match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            let bits = u32::from(address);
            (IpAddr::V4((bits & !host).into()), IpAddr::V4((bits | host).into()))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            let bits = u128::from(address);
            (IpAddr::V6((bits & !host).into()), IpAddr::V6((bits | host).into()))
        }
    };
    if length > if address.is_ipv4() { 32 } else { 128 } { Err(no_network()) } else { Ok(Kind::Addresses(first, last)) }
}

fn symbol(rest: &str, first: char) -> Read<'_> {
    let is_written = |foreign: &str, ours: &str| Err((format!("{foreign} is written {ours} here"), 0..foreign.len()));
    if let Some((foreign, ours)) = FOREIGN.into_iter().find(|(foreign, _)| rest.starts_with(foreign)) {
        return is_written(foreign, ours);
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return Ok((Kind::Symbol(symbol), symbol.len()));
    }
    if let Some((half, ours)) = HALF.into_iter().find(|(half, _)| rest.starts_with(half)) {
        return is_written(half, ours);
    }
    let after = rest.chars().nth(1);
    let message = match first {
        '\'' | '`' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' => {
            format!("unexpected {first}: texts stand in straight double quotes, as in \"text\"")
        }
        '-' if after.is_some_and(|c| c.is_ascii_digit()) => {
            "numbers have no sign: no field is ever below zero".to_owned()
        }
        c if is_invisible(c) || c.is_control() => format!("unexpected invisible character {}", name_of(c)),
        c => format!("unexpected {c}"),
    };
    Err((message, 0..first.len_utf8()))
}
