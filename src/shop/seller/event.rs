//! What events about an account are about.

use super::{Change, Profile};
use crate::shop::{
    money::Currency,
    webhook::{Audience, Subject},
};

/// What others see of a shop, once its settings are changed.
pub struct Updated {
    pub account_id: i64,
    /// For `Subject`.
    id: String,
    pub email: String,
    pub shop_name: String,
    pub contact_email: Option<String>,
    pub contact_url: Option<String>,
    pub slug: String,
    pub currency: Currency,
    /// Of its pages; `None` is the reader's.
    pub language: Option<&'static str>,
    pub created_at: i64,
    pub at: i64,
}

impl Updated {
    /// Whether a change is one of what others see.
    pub fn is_told(change: &Change) -> bool {
        let looks = &change.appearance;
        change.shop_name.is_some()
            || change.contact_email.is_some()
            || change.contact_url.is_some()
            || looks.slug.is_some()
            || looks.language.is_some()
            || looks.currency.is_some()
    }

    /// The settings as they are with a change.
    pub fn of(account_id: i64, before: Profile, change: &Change, at: i64) -> Updated {
        let looks = change.appearance.clone();
        let language = looks.language.unwrap_or(before.appearance.language);
        Updated {
            account_id,
            id: account_id.to_string(),
            email: before.email,
            shop_name: change.shop_name.clone().unwrap_or(before.shop_name),
            contact_email: change.contact_email.clone().unwrap_or(before.contact.email),
            contact_url: change.contact_url.clone().unwrap_or(before.contact.url),
            slug: looks.slug.unwrap_or(before.appearance.slug),
            currency: looks.currency.or(before.appearance.currency).unwrap_or(Currency::USD),
            language: language.map(|language| language.code()),
            created_at: before.created_at,
            at,
        }
    }
}

impl Subject for Updated {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The API key is another one. Whoever registered endpoints with the old one is told.
pub struct KeyReplaced(pub String);

impl KeyReplaced {
    pub fn of(account_id: i64) -> KeyReplaced {
        KeyReplaced(account_id.to_string())
    }
}

impl Subject for KeyReplaced {
    fn id(&self) -> &str {
        &self.0
    }

    fn audience(&self) -> Audience<'_> {
        Audience::OfKey
    }
}
