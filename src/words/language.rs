//! Languages that the public pages and mails are written in, and which of them a reader wants.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    German,
    French,
    Spanish,
    Portuguese,
    Italian,
    Dutch,
    Polish,
    Turkish,
    Russian,
    Chinese,
    Japanese,
}

/// Of an `Accept-Language` no more entries are read: browsers send six at most.
const MAX_RANGES: usize = 32;

impl Language {
    pub const ALL: [Language; 12] = [
        Language::English,
        Language::German,
        Language::French,
        Language::Spanish,
        Language::Portuguese,
        Language::Italian,
        Language::Dutch,
        Language::Polish,
        Language::Turkish,
        Language::Russian,
        Language::Chinese,
        Language::Japanese,
    ];

    /// ISO 639-1, as `<html lang>` and the setting have it.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::Portuguese => "pt",
            Language::Italian => "it",
            Language::Dutch => "nl",
            Language::Polish => "pl",
            Language::Turkish => "tr",
            Language::Russian => "ru",
            Language::Chinese => "zh",
            Language::Japanese => "ja",
        }
    }

    pub fn parse(code: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }

    /// Which form a number takes: one, few or many (the rules of CLDR for whole numbers). Languages with fewer forms repeat a text.
    pub fn plural(self, number: u64, [one, few, many]: [&'static str; 3]) -> &'static str {
        let (tens, ones) = (number % 100, number % 10);
        let is_few = (2..=4).contains(&ones) && !(12..=14).contains(&tens);
        match self {
            Language::French | Language::Portuguese if number < 2 => one,
            Language::Russian if ones == 1 && tens != 11 => one,
            Language::Russian | Language::Polish if is_few => few,
            Language::Russian => many,
            _ if number == 1 => one,
            _ => many,
        }
    }

    /// The one that an `Accept-Language` (RFC 9110, 12.5.4) likes best: of `pt-BR` and `zh-Hant` the first part counts.
    /// `None` when it names none of ours.
    pub fn accepted(header: &str) -> Option<Language> {
        let mut best: Option<(Language, u32)> = None;
        for range in header.split(',').take(MAX_RANGES) {
            let (tag, weight) = range.split_once(';').map_or((range, ""), |(tag, weight)| (tag, weight.trim()));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let Some((language, weight)) = Language::parse(&primary).zip(thousandths(weight)) else { continue };
            if weight > best.map_or(0, |(_, most)| most) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

/// `q=0.8` is 800, no weight 1,000. `None` for anything else.
fn thousandths(weight: &str) -> Option<u32> {
    if weight.is_empty() {
        return Some(1_000);
    }
    let (name, value) = weight.split_once('=')?;
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if !name.trim().eq_ignore_ascii_case("q") || fraction.len() > 3 || !digits(fraction) || !digits(whole) {
        return None;
    }
    let all: u32 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (all <= 1_000).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_is_taken() {
        for (header, code) in [
            ("de", Some("de")),
            ("pt-BR", Some("pt")),
            ("zh-Hant-TW", Some("zh")),
            ("ZH-hans", Some("zh")),
            ("de-CH, fr;q=0.9, en;q=0.8", Some("de")),
            ("en;q=0.5, ja;q=0.75", Some("ja")),
            ("en ; q=0.5 ,\tja ; Q=0.501", Some("ja")),
            ("sv, da;q=0.9, nl;q=0.1", Some("nl")),
            ("fr;q=0, it;q=0.001", Some("it")),
            ("fr, it", Some("fr")),
            ("fr;q=1.0,it;q=1", Some("fr")),
            ("*", None),
            ("sv", None),
            ("", None),
            ("fr;q=0", None),
            ("fr;q=2, de;q=1.001, es;q=-1, it;q=x, pl;q=0.1234, tr;level=1", None),
            ("deu, english", None),
            (";;,,;q=1,-,--", None),
        ] {
            assert_eq!(Language::accepted(header).map(Language::code), code, "{header}");
        }
    }

    #[test]
    fn a_code_names_one_language() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.code()), Some(language));
        }
        assert_eq!(Language::parse("DE"), None);
    }

    #[test]
    fn a_number_has_the_form_of_its_language() {
        for (language, number, form) in [
            (Language::English, 0, "many"),
            (Language::English, 1, "one"),
            (Language::English, 2, "many"),
            (Language::French, 0, "one"),
            (Language::Polish, 1, "one"),
            (Language::Polish, 3, "few"),
            (Language::Polish, 12, "many"),
            (Language::Polish, 21, "many"),
            (Language::Polish, 22, "few"),
            (Language::Russian, 1, "one"),
            (Language::Russian, 11, "many"),
            (Language::Russian, 21, "one"),
            (Language::Russian, 24, "few"),
            (Language::Russian, 112, "many"),
        ] {
            assert_eq!(language.plural(number, ["one", "few", "many"]), form, "{number} in {}", language.code());
        }
    }
}
