//! `shop` in `/account`: what a seller says of their shop on its pages.

use serde::Serialize;

use super::{
    upload,
    wire::{CurrencyCode, values},
};
use crate::{
    api::{failure::quoted, fields::Fields},
    json::{self, Value},
    shop::{
        account::slug::{self, BadSlug},
        money::Currency,
        seller::{
            Change, Profile,
            color::{BadColor, Color},
        },
    },
    words::Language,
};

/// Characters of a description.
const MAX_DESCRIPTION: usize = 20_000;

pub fn object(profile: &Profile, origin: &str) -> String {
    let looks = &profile.appearance;
    let body = Body {
        slug: &looks.slug,
        name: &profile.shop_name,
        description: &looks.description,
        accent_color: looks.accent_color.map(Color::to_text),
        contact_email: profile.contact.email.as_deref(),
        contact_url: profile.contact.url.as_deref(),
        terms_url: looks.terms_url.as_deref(),
        privacy_url: looks.privacy_url.as_deref(),
        listed: looks.listed,
        language: looks.language.map(|language| LanguageCode(language.code())),
        scripts: looks.scripts,
        currency: CurrencyCode(looks.currency.unwrap_or(Currency::USD).code()),
        logo: profile.logo.as_ref().map(|logo| upload::image(logo, "logos", origin)),
    };
    json::to_text(&body)
}

/// What is absent is left as it is. Name and contact are the account's fields of the same meaning.
pub fn read(fields: &mut Fields, change: &mut Change, insecure: bool) {
    let shop = match fields.value("shop") {
        None => return,
        Some(Value::Object(shop)) => shop.clone(),
        Some(_) => return fields.error("Shop must be an object"),
    };
    let mut inner = Fields::of(shop);
    let looks = &mut change.appearance;
    if inner.has("slug") {
        looks.slug = inner.required_text("slug", 200).and_then(|text| match slug::parse(&text) {
            Ok(slug) => Some(slug),
            Err(bad) => {
                inner.error(match bad {
                    BadSlug::TooShort => "Slug is too short (minimum is 3 characters)",
                    BadSlug::TooLong => "Slug is too long (maximum is 40 characters)",
                    BadSlug::Characters => "Slug can have the letters a to z, digits and hyphens only",
                });
                None
            }
        });
    }
    if inner.has("name") {
        change.shop_name = inner.title("name", 100);
    }
    if inner.has("description") {
        looks.description = Some(inner.text("description", MAX_DESCRIPTION).unwrap_or_default());
    }
    if inner.has("accent_color") {
        looks.accent_color = Some(accent_color(&mut inner));
    }
    if inner.has("contact_email") {
        change.contact_email = Some(inner.email("contact_email"));
    }
    if inner.has("contact_url") {
        change.contact_url = Some(inner.url("contact_url", insecure));
    }
    if inner.has("terms_url") {
        looks.terms_url = Some(inner.url("terms_url", insecure));
    }
    if inner.has("privacy_url") {
        looks.privacy_url = Some(inner.url("privacy_url", insecure));
    }
    looks.listed = inner.flag("listed");
    if inner.has("language") {
        looks.language = Some(language(&mut inner));
    }
    looks.scripts = inner.flag("scripts");
    if inner.has("currency") {
        looks.currency = inner.currency("currency");
    }
    for mut error in inner.errors {
        if let Some(first) = error.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        fields.error(format!("Shop {error}"));
    }
}

fn accent_color(inner: &mut Fields) -> Option<Color> {
    let text = inner.text("accent_color", 64)?;
    match Color::parse(&text) {
        Ok(color) => return Some(color),
        Err(BadColor::Format) => inner.error("Accent color must look like #2451d6"),
        Err(BadColor::Contrast) => {
            inner.error("Accent color is too close to both white and black: text on it can't be read (4.5 to 1)");
        }
    }
    None
}

fn language(inner: &mut Fields) -> Option<Language> {
    let code = inner.text("language", 64)?;
    let language = Language::parse(&code.to_ascii_lowercase());
    if language.is_none() {
        let known: Vec<&str> = Language::ALL.into_iter().map(Language::code).collect();
        inner.error(format!("Language {} is not included in the list ({})", quoted(&code), known.join(", ")));
    }
    language
}

values! {
    LanguageCode<'a>(&'a str) = {"type": "string", "enum": ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "tr", "ru", "zh", "ja"]}
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Shop"))]
pub(super) struct Body<'a> {
    /// The last part of its address, `/shop/{slug}`: 3 to 40 of `a` to `z`, digits and hyphens, and
    /// no other shop's. A new account's is made of its name.
    slug: &'a str,
    /// The same as `shop_name`.
    name: &'a str,
    /// What it is, in Markdown.
    description: &'a str,
    /// The colour of its buttons, as `#2451d6`. Text on it must be readable; `null` is ours.
    accent_color: Option<String>,
    /// The same as the account's `contact_email`.
    contact_email: Option<&'a str>,
    /// The same as the account's `contact_url`.
    contact_url: Option<&'a str>,
    /// Your terms, to which its pages lead.
    terms_url: Option<&'a str>,
    /// Your privacy policy, to which its pages lead.
    privacy_url: Option<&'a str>,
    /// Whether the storefront is shown. A product's own page works without it.
    listed: bool,
    /// The language of its pages; `null` is the reader's.
    language: Option<LanguageCode<'a>>,
    /// Whether the storefront runs scripts that apps register at `/api/scripts`. Off in a new account:
    /// they weaken its pages, whose policy otherwise runs none. Payment pages, order pages and pages
    /// with an order form never run any.
    scripts: bool,
    /// Of payments that name none, as those of the Shoppy API; ISO 4217. `USD` in a new account.
    currency: CurrencyCode<'a>,
    /// Its logo; see the upload below.
    logo: Option<upload::Image<'a>>,
}
