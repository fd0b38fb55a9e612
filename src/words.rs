//! Every word of the public pages and mails: a file a language in `public/words/`, of lines `key = text`. English is compiled in;
//! the others are static assets that an isolate reads once, when the first reader asks for them. Whole sentences are kept, never
//! their parts: languages order them differently.

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use crate::platform::{LogLine, Platform};

/// A struct of texts, read from lines in the order of its fields, and the keys of these lines.
macro_rules! words {
    ($(#[$doc:meta])* pub struct $Name:ident in $section:literal { $($(#[$about:meta])* $word:ident,)* }) => {
        $(#[$doc])*
        pub struct $Name {
            $($(#[$about])* pub $word: &'static str,)*
        }

        impl $Name {
            pub const KEYS: &'static [&'static str] = &[$(concat!($section, ".", stringify!($word)),)*];

            #[allow(unused_variables, reason = "a section may have no word yet")]
            pub(super) fn read(lines: &mut $crate::words::Lines) -> $Name {
                $Name { $($word: lines.text(concat!($section, ".", stringify!($word))),)* }
            }
        }
    };
}
mod consent;
mod fill;
mod format;
mod language;
mod mail;
mod order;
mod pay;
mod shop;

pub use consent::Consent;
pub use fill::{fill, rich};
pub use language::Language;
pub use mail::Mail;
pub use order::Order;
pub use pay::Pay;
pub use shop::Shop;

/// All words in one language.
pub struct Words {
    pub language: Language,
    pub pay: Pay,
    pub order: Order,
    pub shop: Shop,
    pub mail: Mail,
    pub consent: Consent,
}

/// Lines of a file of words, read once from the first to the last.
struct Lines {
    rest: std::str::Lines<'static>,
}

impl Lines {
    /// The text of the next line with this key. What isn't there, or not in order, is shown as its key: a page with a word missing
    /// is better than none, and a test proves that no language lacks one.
    #[inline(never)]
    fn text(&mut self, key: &'static str) -> &'static str {
        let mut ahead = self.rest.clone();
        let found = ahead.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        if let Some(text) = found {
            self.rest = ahead;
            return text;
        }
        key
    }
}

impl Words {
    pub fn read(language: Language, text: &'static str) -> Words {
        let lines = &mut Lines { rest: text.lines() };
        Words {
            language,
            pay: Pay::read(lines),
            order: Order::read(lines),
            shop: Shop::read(lines),
            mail: Mail::read(lines),
            consent: Consent::read(lines),
        }
    }

    /// The keys of all words, in the order of the files.
    pub fn keys() -> Vec<&'static str> {
        [Pay::KEYS, Order::KEYS, Shop::KEYS, Mail::KEYS, Consent::KEYS].concat()
    }

    /// A text for a number: "1 confirmation", "2 confirmations".
    pub fn plural(&self, number: u64, forms: [&'static str; 3]) -> &'static str {
        self.language.plural(number, forms)
    }
}

pub fn english() -> &'static Words {
    static ENGLISH: OnceLock<Words> = OnceLock::new();
    ENGLISH.get_or_init(|| Words::read(Language::English, include_str!("../public/words/en.properties")))
}

/// The words in a language. Where its file can't be read, English: no page waits for a translation.
pub async fn of(platform: &Platform, language: Language) -> &'static Words {
    thread_local! {
        static KNOWN: RefCell<HashMap<&'static str, &'static Words>> = RefCell::default();
    }
    if language == Language::English {
        return english();
    }
    let code = language.code();
    if let Some(words) = KNOWN.with(|known| known.borrow().get(code).copied()) {
        return words;
    }
    match platform.assets.text(&format!("/words/{code}.properties")).await {
        Ok(text) => {
            // Kept for as long as the isolate lives: eleven at most.
            let words: &'static Words = Box::leak(Box::new(Words::read(language, Box::leak(text.into_boxed_str()))));
            KNOWN.with(|known| known.borrow_mut().insert(code, words));
            words
        }
        Err(fault) => {
            platform.log.write(LogLine::error("words.unread").with("language", code).because(fault));
            english()
        }
    }
}

/// The words that a reader gets: in the shop's language, or else in the one that their browser asks for.
pub async fn for_reader(platform: &Platform, shop: Option<Language>, accepted: Option<&str>) -> &'static Words {
    let language = shop.or_else(|| Language::accepted(accepted?)).unwrap_or(Language::English);
    of(platform, language).await
}
