//! OAuth 2.0 for applications of others: tokens (RFC 6749), their revocation (RFC 7009) and introspection (RFC 7662), and the
//! metadata that tells clients where all of it is (RFC 8414). The page on which sellers consent is in `consent`.

use serde::Serialize;

use super::{failure::Failure, limit::RateLimiter};
use crate::{
    http::{Method, Request, Response},
    json,
    shop::{
        App,
        oauth::{Issued, NotIssued, Scope, Scopes, application, code, grant, request::Parameters},
        time::SECOND,
    },
};

mod client;
mod refused;

pub use refused::Refused;

type OAuthResult = Result<Response, Refused>;

/// `/oauth/…`
pub async fn answer(app: &App, request: &Request, segments: &[&str], meter: &RateLimiter<'_>) -> OAuthResult {
    if !matches!(segments, ["token" | "revoke" | "introspect"]) {
        return Err(Failure::not_found().into());
    }
    if request.method != Method::Post {
        return Err(Failure::not_allowed("POST").into());
    }
    meter.client().await?;
    let sent = form(request).await?;
    let answer = match segments {
        ["token"] => token(app, request, &sent).await?,
        ["revoke"] => revoke(app, request, &sent).await?,
        _ => introspect(app, request, &sent).await?,
    };
    // RFC 6749, 5.1. The second is for caches of HTTP/1.0, and clients' tests look for it.
    Ok(answer.with("cache-control", "no-store").with("pragma", "no-cache"))
}

/// The parameters that any of the three takes.
const NAMES: [&str; 9] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "token",
];

/// Forms alone (RFC 6749, 3.2).
async fn form(request: &Request) -> Result<Parameters, Refused> {
    let kind = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused::invalid("The body must be a form (application/x-www-form-urlencoded)"));
    }
    request.load().await.map_err(Failure::from)?;
    let body = request.body().ok_or_else(|| Failure::new(413, "The body is too large"))?;
    let sent = Parameters::read(body);
    if sent.repeats(&NAMES) {
        return Err(Refused::invalid("A parameter came more than once"));
    }
    Ok(sent)
}

async fn token(app: &App, request: &Request, sent: &Parameters) -> OAuthResult {
    let claim = client::read(request, sent)?;
    let need = |name: &str, why| sent.get(name).ok_or_else(|| Refused::invalid(why));
    let issued = match sent.get("grant_type") {
        Some("authorization_code") => {
            let code = need("code", "code is missing")?;
            let (redirect_uri, verifier) = (sent.get("redirect_uri"), sent.get("code_verifier"));
            code::exchange(app, &claim, &code::Sent { code, redirect_uri, verifier }).await
        }
        Some("refresh_token") => {
            let refresh_token = need("refresh_token", "refresh_token is missing")?;
            let scopes = sent.get("scope").map(Scopes::parse);
            // An unknown scope is none that was granted.
            let scopes = scopes.map(Option::unwrap_or_default);
            grant::refresh(app, &claim, refresh_token, scopes).await
        }
        Some(_) => {
            return Err(Refused::new(
                "unsupported_grant_type",
                "grant_type must be authorization_code or refresh_token",
            ));
        }
        None => return Err(Refused::invalid("grant_type is missing: it must be authorization_code or refresh_token")),
    };
    match issued.map_err(Failure::from)? {
        Ok(issued) => Ok(Response::json(200, json::to_text(&TokenBody::from(&issued)))),
        Err(NotIssued::UnknownClient) => Err(Refused::unknown_client()),
        Err(NotIssued::InvalidGrant) => Err(Refused::new(
            "invalid_grant",
            "The code or refresh token is not valid, has expired or was used or revoked, or is not this client's, or not of this \
             redirect_uri or code_verifier",
        )),
        Err(NotIssued::InvalidScope) => Err(Refused::new("invalid_scope", "A scope is none that was granted")),
    }
}

#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    refresh_token: &'a str,
    scope: String,
}

impl<'a> From<&'a Issued> for TokenBody<'a> {
    fn from(issued: &'a Issued) -> TokenBody<'a> {
        TokenBody {
            access_token: &issued.access_token,
            token_type: "Bearer",
            expires_in: issued.expires_in,
            refresh_token: &issued.refresh_token,
            scope: issued.scopes.to_text(),
        }
    }
}

/// 200 whatever the token was (RFC 7009, 2.2): unknown or another client's, nobody learns which.
async fn revoke(app: &App, request: &Request, sent: &Parameters) -> OAuthResult {
    let claim = client::read(request, sent)?;
    let token = sent.get("token").ok_or_else(|| Refused::invalid("token is missing"))?;
    let client = application::authenticate(app, &claim).await.map_err(Failure::from)?;
    let client = client.ok_or_else(Refused::unknown_client)?;
    grant::give_back(app, &client, token).await.map_err(Failure::from)?;
    // Nobody has to read it (RFC 7009, 2.2), but some clients take no answer that isn't JSON.
    Ok(Response::json(200, "{}".to_owned()))
}

/// A client may ask about its own tokens, and only one with a secret: anybody can say the name of another.
async fn introspect(app: &App, request: &Request, sent: &Parameters) -> OAuthResult {
    let claim = client::read(request, sent)?;
    let token = sent.get("token").ok_or_else(|| Refused::invalid("token is missing"))?;
    let client = application::authenticate(app, &claim).await.map_err(Failure::from)?;
    let client = client.filter(|client| client.confidential).ok_or_else(Refused::unknown_client)?;
    let Some(token) = grant::introspect(app, &client, token).await.map_err(Failure::from)? else {
        return Ok(Response::json(200, "{\"active\":false}".to_owned()));
    };
    let body = IntrospectionBody {
        active: true,
        scope: token.scopes.to_text(),
        client_id: &client.id,
        token_type: token.is_access.then_some("Bearer"),
        exp: token.expires_at / SECOND,
        iat: token.created_at / SECOND,
        sub: token.account_id.to_string(),
        iss: issuer(app, request),
    };
    Ok(Response::json(200, json::to_text(&body)))
}

#[derive(Serialize)]
struct IntrospectionBody<'a> {
    active: bool,
    scope: String,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// Seconds since 1970.
    exp: i64,
    iat: i64,
    /// The account.
    sub: String,
    iss: &'a str,
}

/// The origin of this deployment, as applications know it.
fn issuer<'a>(app: &'a App, request: &'a Request) -> &'a str {
    app.platform.settings.public_url.as_deref().unwrap_or(&request.origin)
}

/// `/.well-known/oauth-authorization-server`
pub fn metadata(app: &App, request: &Request) -> Result<Response, Failure> {
    if request.method != Method::Get {
        return Err(Failure::not_allowed("GET, HEAD"));
    }
    let issuer = issuer(app, request);
    let at = |path: &str| format!("{issuer}{path}");
    let secret: &[&str] = &["client_secret_basic", "client_secret_post"];
    let any: &[&str] = &["client_secret_basic", "client_secret_post", "none"];
    let metadata = Metadata {
        issuer,
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        scopes_supported: Scope::ALL.map(Scope::name),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported: any,
        revocation_endpoint_auth_methods_supported: any,
        introspection_endpoint_auth_methods_supported: secret,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        service_documentation: at("/docs/oauth"),
    };
    Ok(Response::json(200, json::to_text(&metadata)).with("cache-control", "public, max-age=3600"))
}

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    scopes_supported: [&'static str; 14],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: &'a [&'static str],
    revocation_endpoint_auth_methods_supported: &'a [&'static str],
    introspection_endpoint_auth_methods_supported: &'a [&'static str],
    code_challenge_methods_supported: [&'static str; 1],
    /// RFC 9207.
    authorization_response_iss_parameter_supported: bool,
    service_documentation: String,
}
