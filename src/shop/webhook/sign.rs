//! Signatures. Two families over the exact bytes of the body, so that receivers of the reference and receivers that use
//! a Standard Webhooks library both work: HMAC-SHA512 in hex under the secret's text, and `v1,` HMAC-SHA256 in base64
//! under the bytes that `whsec_…` encodes (standard-webhooks/standard-webhooks, spec 1.0).
//!
//! For a day after the secret was replaced, old and new sign both, and a receiver may be changed over at any moment of it:
//! - `webhook-signature` is a list, and a Standard Webhooks library takes whichever entry is right (as Svix and Stripe do it).
//! - `X-…-Signature` is one value, and old receivers compare it whole, so a list in it would fail them all. It is the old
//!   secret's at the first attempt, since that is what a receiver has when its owner asks for a new one, and the new one's
//!   at the second, five seconds later, and so on in turn. A receiver that knows either secret refuses one attempt at most.
//! - `X-…-New-Signature` is the new one's from the first moment on: who looks at both headers never refuses any.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use super::{App, Dialect, Envelope, Event, Log};
use crate::shop::{account::secret::Secrets, id::hex, time};

/// The body as it is sent: `<`, `>`, `&` and the two line separators are escaped, which is what `to_json` gives under Rails
/// and so what the reference's own verification reproduces. They stand only inside strings, so replacing them anywhere is safe.
pub fn body(payload: &str) -> String {
    let mut body = String::with_capacity(payload.len());
    for c in payload.chars() {
        match c {
            '&' => body.push_str("\\u0026"),
            '<' => body.push_str("\\u003c"),
            '>' => body.push_str("\\u003e"),
            '\u{2028}' => body.push_str("\\u2028"),
            '\u{2029}' => body.push_str("\\u2029"),
            c => body.push(c),
        }
    }
    body
}

impl Log {
    /// What is sent, or was: JSON, before `<`, `>` and `&` are escaped.
    pub fn body(&self, app: &App, account_id: i64) -> String {
        let Some(event) = Event::parse(&self.event) else { return self.payload.clone() };
        let log_id = self.replay_of.as_deref().unwrap_or(&self.id);
        let envelope = Envelope { account_id, log_id, event, at: self.created_at, payload: &self.payload };
        app.serializers.body(self.dialect, &envelope)
    }
}

/// The headers of one delivery. `seconds` is its time, since 1970.
/// `seq` grows from webhook to webhook of an account. `body` is what is sent, `written` the same before it was escaped.
pub fn headers(
    brand: &str,
    secrets: &Secrets,
    log: &Log,
    seq: i64,
    written: &str,
    body: &str,
    seconds: i64,
) -> Vec<(String, String)> {
    let mut headers = of_all(brand);
    match log.dialect {
        Dialect::V2 | Dialect::Pago => {}
        Dialect::Shoppy => {
            headers.push(("X-Shoppy-Signature".into(), hex_sha512(secrets.in_turn(log.retries), body)));
            return headers;
        }
        Dialect::Pusher => {
            let time = time::zulu(log.created_at);
            headers.push(("X-iZettle-Signature".into(), hex_sha256(&secrets.newest, &[&time, ".", &log.payload])));
            return headers;
        }
    }
    headers.extend([
        (format!("X-{brand}-Event"), log.event.clone()),
        (format!("X-{brand}-Webhook"), log.id.clone()),
        (format!("X-{brand}-Sequence"), seq.to_string()),
    ]);
    headers.extend(standard_headers(secrets, &log.id, body, seconds));
    // A receiver may want to know that it had this before, and must not deliver goods for a sample.
    headers.extend(log.replay_of.iter().map(|original| (format!("X-{brand}-Replay-Of"), original.clone())));
    if log.simulated {
        headers.push((format!("X-{brand}-Simulated"), "true".into()));
    }
    headers.extend(own_headers(brand, secrets, log.retries, written, body));
    headers
}

/// The headers of a request to a seller's server that is no webhook. `id` is the same for each `attempt`, which counts from 0.
pub fn request_headers(
    brand: &str,
    secrets: &Secrets,
    id: &str,
    attempt: u32,
    payload: &str,
    body: &str,
    seconds: i64,
) -> Vec<(String, String)> {
    let mut headers = of_all(brand);
    headers.extend(standard_headers(secrets, id, body, seconds));
    headers.extend(own_headers(brand, secrets, attempt, payload, body));
    headers
}

fn of_all(brand: &str) -> Vec<(String, String)> {
    vec![("Content-Type".into(), "application/json".into()), ("User-Agent".into(), format!("{brand}-Webhooks/1.0"))]
}

fn standard_headers(secrets: &Secrets, id: &str, body: &str, seconds: i64) -> [(String, String); 3] {
    let standard: Vec<String> = secrets.all().map(|secret| standard(secret, id, seconds, body)).collect();
    [
        ("webhook-id".into(), id.to_owned()),
        ("webhook-timestamp".into(), seconds.to_string()),
        ("webhook-signature".into(), standard.join(" ")),
    ]
}

fn own_headers(brand: &str, secrets: &Secrets, attempt: u32, payload: &str, body: &str) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut sign = |name: &str, secret: &str| {
        headers.push((format!("X-{brand}-{name}Signature"), hex_sha512(secret, body)));
        // Receivers that parse and write the JSON again get these bytes (JavaScript escapes nothing).
        headers.push((format!("X-{brand}-{name}Unescaped-Signature"), hex_sha512(secret, payload)));
    };
    sign("", secrets.in_turn(attempt));
    if secrets.are_several() {
        sign("New-", &secrets.newest);
    }
    headers
}

/// Lower-case hex of HMAC-SHA512.
pub fn hex_sha512(secret: &str, text: &str) -> String {
    // HMAC takes keys of any length (RFC 2104), so there is no error to meet here.
    let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes());
    mac.map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes()))
}

/// Lower-case hex of HMAC-SHA256 over these parts.
pub fn hex_sha256(secret: &str, parts: &[&str]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let signed = |mac| parts.iter().fold(mac, |mac: Hmac<Sha256>, part| mac.chain_update(part)).finalize();
    mac.map_or_else(|_| String::new(), |mac| hex(&signed(mac).into_bytes()))
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.seconds.body`.
fn standard(secret: &str, id: &str, seconds: i64, body: &str) -> String {
    // What isn't base64 is a key as it is.
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_deref().unwrap_or(secret.as_bytes()));
    let signed = |mac: Hmac<Sha256>| mac.chain_update(format!("{id}.{seconds}.")).chain_update(body).finalize();
    mac.map_or_else(|_| String::new(), |mac| format!("v1,{}", STANDARD.encode(signed(mac).into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_characters_are_escaped_as_rails_does() {
        assert_eq!(body(r#"{"a":"<b> & c/d"}"#), r#"{"a":"\u003cb\u003e \u0026 c/d"}"#);
    }

    #[test]
    fn the_hex_signature_is_hmac_sha512() {
        // RFC 4231, test case 2.
        assert_eq!(
            hex_sha512("Jefe", "what do ya want for nothing?"),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
    }

    #[test]
    fn the_standard_signature_is_the_specifications_own() {
        // The example of the Standard Webhooks reference libraries.
        assert_eq!(
            standard(
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
