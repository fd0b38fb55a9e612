//! Authorization codes: each is good once, for a minute, for whoever asked for it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    App, Application, Issued, NotIssued, Outcome, Scopes,
    application::{self, Claim},
    grant,
    token::{self, Kind},
};
use crate::shop::time::{DAY, SECOND};

pub mod sql;

/// Milliseconds.
pub const TTL: i64 = 60 * SECOND;

/// A code as the database has it.
pub struct Code {
    pub hash: String,
    pub account_id: i64,
    pub app_id: String,
    pub scopes: Scopes,
    pub redirect_uri: Option<String>,
    pub challenge: Option<String>,
    pub grant_id: Option<String>,
    pub expires_at: i64,
    /// Whether its account may come in.
    pub enabled: bool,
}

/// What a client sends with a code.
pub struct Sent<'a> {
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
}

/// Tokens for a code. A client that sends its own code again ends what it got for it, also if
/// both came at the same time: one of the two may be somebody else (RFC 6749, 4.1.2).
pub async fn exchange(app: &App, claim: &Claim, sent: &Sent<'_>) -> Outcome<Result<Issued, NotIssued>> {
    let db = app.platform.databases.directory();
    // What can't be a code is looked for all the same: that takes as long.
    let hash = if token::is_shaped(Kind::Code, sent.code) { token::hash(sent.code) } else { String::new() };
    let [clients, codes] = db.batch([application::sql::one(&claim.id), sql::one(&hash)]).await?;
    let Some(client) = claim.prove(clients.first())? else { return Ok(Err(NotIssued::UnknownClient)) };
    let code = codes.first().map(sql::read).transpose()?;
    let Some(code) = code.filter(|code| is_sent_by(code, &client, sent)) else {
        return Ok(Err(NotIssued::InvalidGrant));
    };
    if let Some(grant_id) = &code.grant_id {
        grant::end_for(app, code.account_id, grant_id, grant::Reason::CodeReused).await?;
        return Ok(Err(NotIssued::InvalidGrant));
    }
    if code.expires_at <= app.now() || !code.enabled {
        return Ok(Err(NotIssued::InvalidGrant));
    }
    let (new, issued) = grant::new(app, code.account_id, &client.id, code.scopes);
    match db.commit(sql::redeem(&code.hash, &new, app.now())).await {
        Ok(_) => Ok(Ok(issued)),
        // Somebody came first with the same.
        Err(no) if no.is_stale() => {
            let row = db.row(sql::one(&code.hash)).await?;
            let used = row.as_ref().map(sql::read).transpose()?.and_then(|code| code.grant_id);
            if let Some(grant_id) = used {
                grant::end_for(app, code.account_id, &grant_id, grant::Reason::CodeReused).await?;
            }
            Ok(Err(NotIssued::InvalidGrant))
        }
        Err(no) => Err(no.into()),
    }
}

/// Whether the code's own client sends it, with the redirect URI and the verifier of the request.
fn is_sent_by(code: &Code, client: &Application, sent: &Sent<'_>) -> bool {
    let verified = match (&code.challenge, sent.verifier) {
        (Some(challenge), Some(verifier)) => is_verifier(verifier) && is_challenge_of(challenge, verifier),
        (None, None) => !client.require_pkce,
        // A verifier for a request that had no challenge: somebody took it out (RFC 9700, 2.1.1).
        _ => false,
    };
    code.app_id == client.id && code.redirect_uri.as_deref() == sent.redirect_uri && verified
}

/// RFC 7636, 4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

fn is_challenge_of(challenge: &str, verifier: &str) -> bool {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())).as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verifier(verifier) && is_challenge_of(challenge, verifier));
        assert!(!is_challenge_of(verifier, verifier), "that would be plain");
        assert!(!is_verifier(&verifier[1..]) && !is_verifier(&"a".repeat(129)) && !is_verifier(&"ä".repeat(43)));
    }
}
