//! The words of the public pages, as public/words/ has them.

use std::{collections::BTreeMap, fs};

use pushguard::words::{Language, Words};

/// Keys and texts of a language's file, in their order.
fn lines(language: Language) -> Vec<(String, String)> {
    let file = format!("{}/public/words/{}.properties", env!("CARGO_MANIFEST_DIR"), language.code());
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, text) = line.split_once(" = ").unwrap_or_else(|| panic!("{file}: no key and text: {line}"));
            (key.to_owned(), text.to_owned())
        })
        .collect()
}

/// How often each place stands in a text, and how many of it are strong.
fn places(text: &str) -> BTreeMap<&str, usize> {
    let mut places = BTreeMap::new();
    for place in text.split('{').skip(1) {
        let (name, _) = place.split_once('}').unwrap_or_else(|| panic!("a place has no end: {text}"));
        *places.entry(name).or_default() += 1;
    }
    places.insert("*", text.matches('*').count());
    places
}

#[test]
fn no_language_lacks_a_word() {
    let english = lines(Language::English);
    for language in Language::ALL {
        let its = lines(language);
        let keys: Vec<&str> = its.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, Words::keys(), "{}", language.code());
        for ((key, text), (_, original)) in its.iter().zip(&english) {
            assert!(!text.trim().is_empty(), "{}: {key} is empty", language.code());
            assert_eq!(places(text), places(original), "{}: {key}: {text}", language.code());
        }
    }
}

#[test]
fn a_year_has_twelve_months_in_every_language() {
    for language in Language::ALL {
        let (_, months) = lines(language).into_iter().find(|(key, _)| key == "pay.months").expect("months");
        assert_eq!(months.split(' ').filter(|month| !month.is_empty()).count(), 12, "{}", language.code());
    }
}
