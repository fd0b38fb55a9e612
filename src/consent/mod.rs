//! The page on which a seller lets an application act for them (`shop/oauth`). It works without script, and has none.
//!
//! ```text
//! GET  /oauth/authorize?…   what the application is, and a form to sign in
//! POST /oauth/authorize?…   with e-mail and API key: what it asks for, to be allowed or not
//! POST /oauth/authorize?…   with the step that this signed: a code, at the application's address
//! ```
//!
//! The authorization request stays in the query from the first to the last, so it is read the same each time. What is wrong with the
//! application or its address is told here: nobody is sent to an address that isn't the application's. Anything else is told there.

use crate::{
    http::{Method, NotRead, Request, Response},
    platform::{LimitKind, LogLine, PERIOD},
    shop::{
        App, Error, Outcome, Refusal,
        account::{self, Account},
        oauth::{
            Application, application, consent, redirect,
            request::{self, Parameters, Request as Asked, Wrong},
        },
        text::{clean, email},
    },
    words::{self, Words},
};

mod page;

use page::{Notice, SignIn};

/// One request for the page, of an application that is known.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    words: &'static Words,
    application: &'a Application,
    asked: &'a Asked,
}

impl Visit<'_> {
    /// `https://host`: who answers here (RFC 9207).
    fn issuer(&self) -> &str {
        issuer(self.app, self.request)
    }

    /// The application's address, with what the seller said.
    fn back(&self, more: &[(&str, &str)]) -> String {
        back(self.issuer(), &self.asked.redirect_uri, self.asked.state.as_deref(), more)
    }
}

fn issuer<'a>(app: &'a App, request: &'a Request) -> &'a str {
    app.platform.settings.public_url.as_deref().unwrap_or(&request.origin)
}

fn back(issuer: &str, redirect_uri: &str, state: Option<&str>, more: &[(&str, &str)]) -> String {
    let mut parameters = more.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    redirect::with(redirect_uri, &parameters)
}

pub async fn answer(app: &App, request: &Request, request_id: &str) -> Response {
    let words = words::for_reader(&app.platform, None, request.header("accept-language")).await;
    let answered = match turned_away(app, request, words).await {
        Some(response) => Ok(response),
        None => show(app, request, words).await,
    };
    answered.unwrap_or_else(|error| {
        let why = match error {
            Error::Fault(fault) => fault.0,
            Error::Refused(refusal) => format!("{refusal:?}"),
        };
        app.platform
            .log
            .write(LogLine::error("request.failed").request(request_id).with("route", "/oauth/authorize").because(why));
        let notice = Notice { title: words.shop.broken, text: words.consent.broken_text };
        page::notice(app, words, 500, &notice)
    })
}

/// Whom nothing is shown, before anything is read.
async fn turned_away(app: &App, request: &Request, words: &'static Words) -> Option<Response> {
    let (order, shop) = (&words.order, &words.shop);
    if !request.is_secure() && !app.platform.settings.allow_insecure_urls {
        return Some(page::notice(app, words, 403, &Notice { title: words.consent.invalid_title, text: "HTTPS" }));
    }
    if !matches!(request.method, Method::Get | Method::Post) {
        return Some(Response::empty(405).with("allow", "GET, HEAD, POST"));
    }
    if !app.allows(LimitKind::Account, &format!("consent {}", request.network())).await {
        return Some(too_many(app, words));
    }
    if request.method == Method::Post && request.is_cross_site(app.platform.settings.public_url.as_deref()) {
        return Some(page::notice(app, words, 403, &Notice { title: order.forged_title, text: order.forged_text }));
    }
    match request.load().await {
        Ok(()) if request.body().is_some() => None,
        Ok(()) => Some(Response::empty(413)),
        Err(NotRead::Busy) => {
            Some(page::notice(app, words, 503, &Notice { title: shop.too_many, text: shop.too_many_text }))
        }
        Err(NotRead::Broken(_)) => Some(Response::empty(400)),
    }
}

fn too_many(app: &App, words: &'static Words) -> Response {
    let seconds = (PERIOD - app.now().rem_euclid(PERIOD) + 999) / 1_000;
    let notice = Notice { title: words.shop.too_many, text: words.shop.too_many_text };
    page::notice(app, words, 429, &notice).with("retry-after", seconds.to_string())
}

async fn show(app: &App, request: &Request, words: &'static Words) -> Outcome<Response> {
    let sent = Parameters::read(request.query.as_bytes());
    let invalid = || {
        page::notice(app, words, 400, &Notice { title: words.consent.invalid_title, text: words.consent.invalid_text })
    };
    let application = match sent.once("client_id") {
        None => return Ok(invalid()),
        Some(id) => match application::get(app, id).await {
            Err(Error::Refused(Refusal::NotFound)) => return Ok(invalid()),
            application => application?,
        },
    };
    if application.disabled_at.is_some() {
        return Ok(invalid());
    }
    let asked = match request::read(&application, &sent) {
        Ok(asked) => asked,
        Err(Wrong::Redirect) => return Ok(invalid()),
        Err(Wrong::Told { redirect_uri, state, error, why }) => {
            let more = [("error", error), ("error_description", why)];
            return Ok(leave(&back(issuer(app, request), &redirect_uri, state.as_deref(), &more)));
        }
    };
    let visit = Visit { app, request, words, application: &application, asked: &asked };
    if request.method == Method::Get {
        return Ok(page::sign_in(&visit, 200, &SignIn::default()));
    }
    match Parameters::read(request.body().unwrap_or_default()).once("step") {
        Some(step) => allow(&visit, step).await,
        None => sign_in(&visit).await,
    }
}

/// 303: a browser repeats a form with 307, and some with 302 (RFC 9700, 4.12).
fn leave(location: &str) -> Response {
    Response::see_other(location).with("cache-control", "no-store").with("referrer-policy", "no-referrer")
}

/// As requests of the API are counted: whoever is not known yet is anybody at this address.
async fn sign_in(visit: &Visit<'_>) -> Outcome<Response> {
    let Visit { app, request, words, .. } = visit;
    let typed = Parameters::read(request.body().unwrap_or_default());
    let typed = |name: &str| clean(typed.once(name).unwrap_or_default()).to_owned();
    let (email, key) = (typed("email"), typed("api_key"));
    let form = |problem| SignIn { email: email.clone(), problem: Some(problem) };
    if email.is_empty() || key.is_empty() {
        return Ok(page::sign_in(visit, 422, &form(words.consent.wrong_key)));
    }
    let known = account::known(app, &email, &key).await;
    let allowed = match &known {
        Some(known) => app.allows(LimitKind::Account, &known.account.id.to_string()).await,
        None => {
            app.allows(LimitKind::Anonymous, &format!("sign-in {}", request.network())).await
                && app.allows(LimitKind::Anonymous, &format!("sign-in {}", email::key(&email))).await
        }
    };
    if !allowed {
        return Ok(too_many(app, words));
    }
    let account = match known {
        Some(known) if known.fresh => Some(known.account),
        _ => account::find(app, &email, &key).await?,
    };
    match account {
        None => Ok(page::sign_in(visit, 422, &form(words.consent.wrong_key))),
        Some(account) if account.disabled => Ok(page::sign_in(visit, 403, &form(words.consent.disabled))),
        Some(account) => ask(visit, &account).await,
    }
}

async fn ask(visit: &Visit<'_>, account: &Account) -> Outcome<Response> {
    let shop = account::shop(visit.app, account).await?;
    let step = consent::step(visit.app, account, &visit.request.query);
    Ok(page::ask(visit, &shop.name, account.test, &step))
}

async fn allow(visit: &Visit<'_>, step: &str) -> Outcome<Response> {
    let again = || {
        let form = SignIn { problem: Some(visit.words.consent.again), ..SignIn::default() };
        page::sign_in(visit, 403, &form)
    };
    let Some(step) = consent::read(visit.app, step, &visit.request.query) else { return Ok(again()) };
    match consent::allow(visit.app, &step, visit.application, visit.asked).await? {
        Some(code) => Ok(leave(&visit.back(&[("code", &code)]))),
        None => Ok(again()),
    }
}
