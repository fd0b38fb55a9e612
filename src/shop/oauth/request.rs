//! What an application asks a seller for: an authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3).

use super::{Application, Scopes, redirect};

/// A request that a seller can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where the seller goes then.
    pub redirect_uri: String,
    /// Whether the request said so; if not, the exchange of the code must not either.
    pub redirect_sent: bool,
    pub scopes: Scopes,
    /// Handed back as it came.
    pub state: Option<String>,
    /// PKCE, S256.
    pub challenge: Option<String>,
}

/// What is wrong with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Nobody can be sent anywhere: the redirect URI is none of the application's.
    Redirect,
    /// The application is told, at its own address.
    Told { redirect_uri: String, state: Option<String>, error: &'static str, why: &'static str },
}

/// The parameters of a query. A name that comes twice is refused (RFC 6749, 3.1), and a value without content counts as none.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub fn read(query: &[u8]) -> Parameters {
        let pairs = form_urlencoded::parse(query).filter(|(_, value)| !value.is_empty());
        Parameters(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name that came once.
    pub fn once(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|_| self.0.iter().filter(|(known, _)| known == name).count() == 1)
    }

    /// Whether one of these names came twice.
    pub fn repeats(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some() && self.once(name).is_none())
    }
}

const NAMES: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// Characters of a `state`: it comes back in a URL.
const MAX_STATE: usize = 2_000;

/// `sent` asks for this application, which is the one that its `client_id` names.
pub fn read(application: &Application, sent: &Parameters) -> Result<Request, Wrong> {
    let redirect_uri = match (sent.once("redirect_uri"), application.redirect_uris.as_slice()) {
        (Some(uri), known) if known.iter().any(|known| redirect::matches(known, uri)) => uri.to_owned(),
        // Left out, it is clear where there is one alone.
        (None, [only]) if sent.get("redirect_uri").is_none() => only.clone(),
        _ => return Err(Wrong::Redirect),
    };
    let state = sent.once("state").map(str::to_owned);
    let wrong = |error, why| Err(Wrong::Told { redirect_uri: redirect_uri.clone(), state: state.clone(), error, why });
    if sent.repeats(&NAMES) {
        return wrong("invalid_request", "A parameter came more than once");
    }
    if state.as_ref().is_some_and(|state| state.chars().count() > MAX_STATE) {
        let why = "The state is too long (maximum is 2000 characters)";
        return Err(Wrong::Told { redirect_uri, state: None, error: "invalid_request", why });
    }
    match sent.get("response_type") {
        Some("code") => {}
        None => return wrong("invalid_request", "response_type is missing: it must be code"),
        Some(_) => return wrong("unsupported_response_type", "response_type must be code"),
    }
    if sent.get("response_mode").is_some_and(|mode| mode != "query") {
        return wrong("invalid_request", "response_mode must be query");
    }
    // Without a method, what came would be the verifier itself (RFC 7636, 4.3).
    let challenge = match (sent.get("code_challenge"), sent.get("code_challenge_method")) {
        (Some(challenge), Some("S256")) if is_challenge(challenge) => Some(challenge.to_owned()),
        (Some(_), Some("S256")) => {
            return wrong("invalid_request", "code_challenge must be the SHA-256 of the verifier, in base64url");
        }
        (Some(_), _) => return wrong("invalid_request", "code_challenge_method must be S256"),
        (None, Some(_)) => return wrong("invalid_request", "code_challenge is missing"),
        (None, None) if application.require_pkce => {
            return wrong("invalid_request", "code_challenge is missing: this application must use PKCE with S256");
        }
        (None, None) => None,
    };
    let scopes = match sent.get("scope") {
        // What it was registered for (RFC 6749, 3.3).
        None => application.scopes,
        Some(text) => match Scopes::parse(text).filter(|scopes| scopes.are_within(application.scopes)) {
            Some(scopes) if !scopes.is_empty() => scopes,
            _ => return wrong("invalid_scope", "A scope is unknown, or not one that this application may ask for"),
        },
    };
    Ok(Request { redirect_sent: sent.get("redirect_uri").is_some(), redirect_uri, scopes, state, challenge })
}

/// 32 bytes in base64url are 43 letters.
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
