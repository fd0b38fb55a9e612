//! Slugs: the last part of a shop's address. They are unique in the deployment.

/// Characters.
const MIN: usize = 3;
const MAX: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSlug {
    TooShort,
    TooLong,
    /// It has other characters than `a-z`, `0-9` and `-`.
    Characters,
}

/// Lower case, as addresses are read aloud.
pub fn parse(text: &str) -> Result<String, BadSlug> {
    let slug = text.to_ascii_lowercase();
    match slug.len() {
        _ if !slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) => Err(BadSlug::Characters),
        ..MIN => Err(BadSlug::TooShort),
        MIN..=MAX => Ok(slug),
        _ => Err(BadSlug::TooLong),
    }
}

/// `Ada's Apps` → `ada-s-apps`. A name without three letters of ASCII gives one of the account's id.
pub fn of_name(name: &str, account_id: i64) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() == MAX {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.len() < MIN { format!("shop-{account_id:x}") } else { slug.to_owned() }
}

/// Another one beside it, for a second shop of the same name.
pub fn apart(slug: &str, account_id: i64) -> String {
    let ending = format!("-{account_id:x}");
    let room = MAX - ending.len();
    format!("{}{ending}", slug.get(..room).unwrap_or(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_a_slug_that_can_be_read() {
        for (name, slug) in [
            ("Ada's Apps", "ada-s-apps"),
            ("  --Demo   shop!! ", "demo-shop"),
            ("日本のキー", "shop-ff"),
            ("A.", "shop-ff"),
            (&"x".repeat(60), &"x".repeat(40)),
        ] {
            assert_eq!(of_name(name, 255), slug);
            assert_eq!(parse(slug), Ok(slug.to_owned()));
        }
        let long = apart(&"x".repeat(40), (1 << 53) - 1);
        assert_eq!((long.len(), parse(&long)), (40, Ok(long.clone())));
        assert_eq!(apart("demo", 255), "demo-ff");
    }

    #[test]
    fn a_slug_has_its_bounds() {
        assert_eq!(parse("ab"), Err(BadSlug::TooShort));
        assert_eq!(parse("ABC"), Ok("abc".into()));
        assert_eq!(parse(&"a".repeat(41)), Err(BadSlug::TooLong));
        for text in ["", "a b c", "äbc", "a_bc", "abc/"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
