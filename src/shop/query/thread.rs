//! A query's thread, as its customer reads it: behind a link of its own. The link opens neither the order that it is about nor its
//! payment.
//!
//! The token is `key id . contents . HMAC-SHA256`, in URL-safe base64. A query's id is its account's, so the contents say which
//! account that is and where it lives. A thread's link never expires, and keys that are still in the list keep old ones good.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{MAX_REPLIES, Query, sql};
use crate::{
    json,
    platform::{Fault, Keys, Statement},
    shop::{
        App, Outcome, Refusal,
        account::{Account, contact, contact::Front},
    },
    words::Language,
};

/// `/query/<id>/<token>`
pub fn path(keys: &Keys, account: &Account, query_id: &str) -> String {
    let contents = URL_SAFE_NO_PAD.encode(json::to_text(&(account.id, &account.shard, account.test)));
    let (id, key) = keys.first();
    let tag = mac(key, query_id, &contents).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec());
    format!("/query/{query_id}/{id}.{contents}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Whose query it is; `None` for anything that `path` didn't make for this query.
pub fn verify(keys: &Keys, query_id: &str, token: &str) -> Option<Account> {
    let mut parts = token.split('.');
    let (id, contents, tag) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    mac(keys.named(id)?, query_id, contents)?.verify_slice(&tag).ok()?;
    let wire = String::from_utf8(URL_SAFE_NO_PAD.decode(contents).ok()?).ok()?;
    let (account_id, shard, test): (i64, String, bool) = json::from_text(&wire)?;
    Some(Account::acting(account_id, &shard, test))
}

fn mac(key: &[u8], query_id: &str, contents: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(b"query thread 1.");
    mac.update(query_id.as_bytes());
    mac.update(b".");
    mac.update(contents.as_bytes());
    Some(mac)
}

/// What its page shows.
pub struct Thread {
    pub query: Query,
    pub shop_name: String,
    /// Of the shop's pages; `None`: their reader's.
    pub language: Option<Language>,
    pub front: Front,
}

/// With all its replies, in one round trip.
pub async fn read(app: &App, account: &Account, query_id: &str) -> Outcome<Thread> {
    let [queries, replies, shops] = account
        .db(app)?
        .batch([sql::one(account.id, query_id), sql::replies(account.id, query_id, MAX_REPLIES), shop(account.id)])
        .await?;
    let query = sql::query(queries.first().ok_or(Refusal::NotFound)?, &replies)?;
    let shop = shops.first().ok_or_else(|| Fault("an account has no shop row".into()))?;
    let (shop_name, language, front) = shop.read(|row| Ok((row.text(), row.maybe_text(), Front::read(row))))?;
    let language = language.and_then(|code| Language::parse(&code));
    Ok(Thread { query, shop_name, language, front })
}

fn shop(account_id: i64) -> Statement {
    Statement::new(
        format!("SELECT shop_name, language, {} FROM shops WHERE account_id = ?1", contact::FRONT_COLUMNS),
        vec![account_id.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::parse("TOKEN_KEYS", text).unwrap()
    }
    const A: &str = "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

    fn token(keys: &Keys, id: &str) -> String {
        path(keys, &Account::acting(7, "DB_1", true), id).rsplit('/').next().unwrap().to_owned()
    }

    #[test]
    fn a_link_names_its_query_and_whose_it_is() {
        let token = token(&keys(A), "Ab3dEf7h");
        assert_eq!(verify(&keys(A), "Ab3dEf7h", &token), Some(Account::acting(7, "DB_1", true)));
        assert_eq!(verify(&keys(A), "Ab3dEf7i", &token), None, "another query's");
        assert_eq!(verify(&keys(A), "Ab3dEf7h", &format!("{token}.")), None);
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] ^= 1;
            assert_eq!(verify(&keys(A), "Ab3dEf7h", &String::from_utf8(bytes).unwrap()), None, "{place}");
        }
    }

    #[test]
    fn a_rotation_keeps_old_links_good() {
        let old = token(&keys(A), "Ab3dEf7h");
        assert!(verify(&keys(&format!("{B},{A}")), "Ab3dEf7h", &old).is_some());
        assert!(token(&keys(&format!("{B},{A}")), "Ab3dEf7h").starts_with("b."));
    }
}
