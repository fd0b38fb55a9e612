//! `/admin/apps`: applications of others, which sellers may let act for them.

use serde::Serialize;

use crate::{
    api::{
        failure::{Failure, label, quoted},
        fields::Fields,
        idempotency::IdempotentRequest,
    },
    http::{Request, Response},
    json,
    shop::{
        App,
        oauth::{
            Application, Scope, Scopes,
            application::{self, Registered, Registration},
            redirect::{self, BadRedirect},
        },
        time,
        webhook::url::BadUrl,
    },
};

/// Redirect URIs of one application.
const MAX_URIS: usize = 10;

pub async fn list(app: &App) -> Result<Response, Failure> {
    let all = application::list(app).await?;
    Ok(Response::json(200, json::array(all.iter().map(|it| object(it, None)))))
}

pub async fn get(app: &App, id: &str) -> Result<Response, Failure> {
    Ok(Response::json(200, object(&application::get(app, id).await?, None)))
}

/// `{name, site, redirect_uris, scopes, confidential, require_pkce}` → 201 with the client's secret, which is in this answer and
/// nowhere else.
pub async fn create(app: &App, request: &Request, once: &IdempotentRequest) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "app")?;
    let insecure = app.platform.settings.allow_insecure_urls;
    let name = fields.title("name", 60);
    let before = fields.errors.len();
    let site = fields.url("site", insecure);
    if site.is_none() && fields.errors.len() == before {
        fields.error("Site can't be blank");
    }
    let confidential = fields.flag("confidential").unwrap_or(true);
    let redirect_uris = redirect_uris(&mut fields, confidential, insecure);
    let scopes = scopes(&mut fields);
    let require_pkce = fields.flag("require_pkce").unwrap_or(true);
    if !confidential && !require_pkce {
        // Whoever sees the code of a public client could redeem it.
        fields.error("Require pkce must be true unless the app is confidential");
    }
    fields.finish()?;
    let (Some(name), Some(site)) = (name, site) else { return Err(Failure::not_found()) };
    let new = Registration { name, site, redirect_uris, scopes, confidential, require_pkce };
    let body = |made: &Registered| object(&made.application, made.secret.as_deref());
    let answer = once.commit(app, 201, application::register(app, new), body).await?;
    Ok(answer.with("cache-control", "no-store"))
}

/// `{"disabled": true}` → the application.
pub async fn update(app: &App, request: &Request, id: &str) -> Result<Response, Failure> {
    let mut fields = Fields::read(request, "app")?;
    let before = fields.errors.len();
    let disabled = fields.flag("disabled");
    if disabled.is_none() && fields.errors.len() == before {
        fields.error("Disabled can't be blank");
    }
    fields.finish()?;
    let application = application::set_disabled(app, id, disabled.unwrap_or(false)).await?;
    Ok(Response::json(200, object(&application, None)))
}

pub async fn destroy(app: &App, id: &str) -> Result<Response, Failure> {
    application::destroy(app, id).await?;
    Ok(Response::empty(204))
}

fn redirect_uris(fields: &mut Fields, confidential: bool, insecure: bool) -> Vec<String> {
    let sent = fields.list("redirect_uris").unwrap_or_default();
    if sent.is_empty() {
        fields.error("Redirect uris can't be blank");
    }
    if sent.len() > MAX_URIS {
        fields.error(format!("Redirect uris are too many (maximum is {MAX_URIS})"));
    }
    let mut uris = Vec::new();
    for value in sent.iter().take(MAX_URIS) {
        let uri = value.as_str().unwrap_or_default();
        let problem = match redirect::check(uri, confidential, insecure) {
            _ if uri.chars().count() > redirect::MAX => Some("is too long (maximum is 500 characters)"),
            Ok(()) => None,
            Err(BadRedirect::Fragment) => Some("must have no fragment"),
            Err(BadRedirect::Scheme) => {
                Some("must be HTTPS, or have a scheme that is a domain turned round, such as com.example.app")
            }
            Err(BadRedirect::Url(BadUrl::NotHttps)) if confidential => Some("must be an HTTPS URL"),
            Err(BadRedirect::Url(BadUrl::NotHttps)) => {
                Some("must be an HTTPS URL, http://127.0.0.1 or http://[::1], or have a scheme of its own")
            }
            Err(BadRedirect::Url(BadUrl::Credentials)) => Some("must not contain credentials"),
            Err(BadRedirect::Url(BadUrl::Private)) => Some("must not point to a private network"),
            Err(BadRedirect::Url(_)) => Some("is not a valid URL"),
        };
        match problem {
            Some(problem) => fields.error(format!("Redirect uris {} {problem}", quoted(uri))),
            None => uris.push(uri.to_owned()),
        }
    }
    uris
}

/// A list, or one text with spaces between.
fn scopes(fields: &mut Fields) -> Scopes {
    let sent = fields.list("scopes").unwrap_or_default();
    let names: Vec<&str> =
        sent.iter().flat_map(|value| value.as_str().unwrap_or_default().split_whitespace()).collect();
    if names.is_empty() {
        fields.error("Scopes can't be blank");
    }
    for name in names.iter().filter(|name| Scope::parse(name).is_none()) {
        let known = Scope::ALL.map(Scope::name).join(", ");
        fields.error(format!("{} {} is none of {known}", label("scope"), quoted(name)));
    }
    names.iter().filter_map(|name| Scope::parse(name)).collect()
}

fn object(application: &Application, secret: Option<&str>) -> String {
    let body = Body {
        client_id: &application.id,
        client_secret: secret,
        name: &application.name,
        site: &application.site,
        redirect_uris: &application.redirect_uris,
        scopes: application.scopes.iter().map(Scope::name).collect(),
        confidential: application.confidential,
        require_pkce: application.require_pkce,
        disabled: application.disabled_at.is_some(),
        disabled_at: application.disabled_at.map(time::wire),
        created_at: time::wire(application.created_at),
        updated_at: time::wire(application.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
struct Body<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    name: &'a str,
    site: &'a str,
    redirect_uris: &'a [String],
    scopes: Vec<&'static str>,
    confidential: bool,
    require_pkce: bool,
    disabled: bool,
    disabled_at: Option<String>,
    created_at: String,
    updated_at: String,
}
