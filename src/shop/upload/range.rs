//! Which part of a file a request is for, and whether it is for any (RFC 9110, 13 and 14).

/// The headers of a request that say so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub range: Option<&'a str>,
    pub if_range: Option<&'a str>,
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
}

/// What of a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    Whole,
    /// From this byte to that one, which is sent as well.
    Part(u64, u64),
    /// The range begins behind the end.
    Unsatisfiable,
    /// The client has it already.
    NotModified,
    /// It isn't the one that the client knows.
    Failed,
}

impl Wanted<'_> {
    /// `etag` is a strong one, in its quotes. Conditions on times are passed over: a file that
    /// changes gets another ETag, and has no date that would say more (13.1.3).
    pub fn of(&self, size: u64, etag: &str) -> Selection {
        if self.if_match.is_some_and(|list| !matches(list, etag, false)) {
            return Selection::Failed;
        }
        if self.if_none_match.is_some_and(|list| matches(list, etag, true)) {
            return Selection::NotModified;
        }
        // Another version, or a date: then the whole of this one (13.1.5).
        if self.if_range.is_some_and(|known| known.trim() != etag) {
            return Selection::Whole;
        }
        self.range.map_or(Selection::Whole, |range| part(range, size))
    }
}

/// Whether a list of ETags has this one. `weak`: also where it is marked as a weak one.
fn matches(list: &str, etag: &str, weak: bool) -> bool {
    let strong = |tag: &str| match tag.strip_prefix("W/") {
        Some(_) if !weak => false,
        Some(tag) => tag == etag,
        None => tag == etag,
    };
    list.trim() == "*" || list.split(',').any(|tag| strong(tag.trim()))
}

/// What can't be read is passed over, and several ranges are answered by the whole (14.2).
fn part(range: &str, size: u64) -> Selection {
    let Some((unit, ranges)) = range.trim().split_once('=') else { return Selection::Whole };
    let Some((first, last)) = ranges.trim().split_once('-') else { return Selection::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    let end = size.saturating_sub(1);
    if first.is_empty() {
        // The last bytes, so many.
        return match number(last) {
            None => Selection::Whole,
            Some(count) if count == 0 || size == 0 => Selection::Unsatisfiable,
            Some(count) => Selection::Part(size.saturating_sub(count), end),
        };
    }
    let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
    match (number(first), last) {
        (Some(first), Some(last)) if first > last => Selection::Whole,
        (Some(first), Some(_)) if first >= size => Selection::Unsatisfiable,
        (Some(first), Some(last)) => Selection::Part(first, last.min(end)),
        _ => Selection::Whole,
    }
}

/// Digits alone. One that no file reaches is the largest there is.
fn number(digits: &str) -> Option<u64> {
    let is_one = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Selection::*, *};

    const ETAG: &str = "\"a1\"";

    #[test]
    fn ranges_are_read_as_rfc_9110_has_them() {
        for (range, expected) in [
            ("bytes=0-499", Part(0, 499)),
            ("bytes=500-999", Part(500, 999)),
            ("bytes=500-5000", Part(500, 999)),
            ("bytes=-500", Part(500, 999)),
            ("bytes=-5000", Part(0, 999)),
            ("bytes=9500-", Unsatisfiable),
            ("bytes=1000-", Unsatisfiable),
            ("bytes=999-", Part(999, 999)),
            ("bytes=0-0", Part(0, 0)),
            ("bytes=0-", Part(0, 999)),
            ("Bytes= 1-2 ", Part(1, 2)),
            ("bytes=-0", Unsatisfiable),
            ("bytes=1-18446744073709551616", Part(1, 999)),
            ("bytes=18446744073709551616-", Unsatisfiable),
            // Not ranges, or several, or of something else.
            ("bytes=5-2", Whole),
            ("bytes=5000-2000", Whole),
            ("bytes=0-0,-1", Whole),
            ("bytes=500-600,601-999", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=--1", Whole),
            ("bytes 0-1", Whole),
            ("lines=0-1", Whole),
            ("", Whole),
        ] {
            let wanted = Wanted { range: Some(range), ..Wanted::default() };
            assert_eq!(wanted.of(1_000, ETAG), expected, "{range}");
        }
        let empty = |range| Wanted { range: Some(range), ..Wanted::default() }.of(0, ETAG);
        assert_eq!([empty("bytes=0-"), empty("bytes=-1"), empty("bytes=0-0")], [Unsatisfiable; 3]);
    }

    #[test]
    fn a_range_of_another_version_is_answered_by_the_whole_of_this_one() {
        for (if_range, expected) in [
            (ETAG, Part(0, 1)),
            ("\"b2\"", Whole),
            ("W/\"a1\"", Whole),
            ("a1", Whole),
            ("Tue, 15 Nov 1994 08:12:31 GMT", Whole),
        ] {
            let wanted = Wanted { range: Some("bytes=0-1"), if_range: Some(if_range), ..Wanted::default() };
            assert_eq!(wanted.of(10, ETAG), expected, "{if_range}");
        }
    }

    #[test]
    fn who_has_it_already_is_told_so() {
        for (list, expected) in [
            (ETAG, NotModified),
            ("W/\"a1\"", NotModified),
            ("\"b2\", \"a1\"", NotModified),
            ("*", NotModified),
            ("\"b2\"", Whole),
        ] {
            let wanted = Wanted { if_none_match: Some(list), ..Wanted::default() };
            assert_eq!(wanted.of(10, ETAG), expected, "{list}");
        }
        for (list, expected) in [(ETAG, Whole), ("*", Whole), ("W/\"a1\"", Failed), ("\"b2\"", Failed)] {
            let wanted = Wanted { if_match: Some(list), ..Wanted::default() };
            assert_eq!(wanted.of(10, ETAG), expected, "{list}");
        }
    }
}
