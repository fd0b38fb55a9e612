//! The pages: signing in, what is asked, and what ends the matter.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use super::Visit;
use crate::{
    checkout::{
        assets::{ICON, STYLE},
        layout::{initial, name, shield},
    },
    http::Response,
    shop::{
        App,
        oauth::{Scope, redirect},
    },
    words::{Consent, Words, fill, rich},
};

/// What was typed, and what is wrong with it. The key is never shown again.
#[derive(Default)]
pub struct SignIn {
    pub email: String,
    pub problem: Option<&'static str>,
}

pub struct Notice {
    pub title: &'static str,
    pub text: &'static str,
}

/// Nothing that these pages hold may be shown in somebody else's frame, kept, or loaded from elsewhere. A form may go where `forms`
/// says: Chromium holds every redirect that follows a form to it (github.com/w3c/webappsec-csp/issues/8).
fn respond(words: &Words, status: u16, document: Markup, forms: &str) -> Response {
    Response::html(status, document.into_string())
        .with(
            "content-security-policy",
            format!(
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
            ),
        )
        // Our own forms say where they come from, and nobody else learns it.
        .with("referrer-policy", "same-origin")
        .with("x-frame-options", "DENY")
        .with("permissions-policy", "camera=(), geolocation=(), microphone=()")
        .with("content-language", words.language.code())
        .with("vary", "accept-language")
        .with("cache-control", "no-store")
}

/// `owner`: whose page it is, who stands above it.
fn layout(app: &App, words: &Words, title: &str, owner: &str, test: bool, main: Markup) -> Markup {
    let brand = &app.platform.settings.brand;
    html! {
        (DOCTYPE)
        html lang=(words.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { (title) " · " (brand) }
                link rel="icon" href={ "/pay/assets/" (ICON) ".svg" } type="image/svg+xml";
                link rel="stylesheet" href={ "/pay/assets/" (STYLE) ".css" };
            }
            body {
                header {
                    @if test { p.test { (rich(words.shop.test_shop, &[])) } }
                    p.top {
                        span.tile aria-hidden="true" { @if let Some(letter) = initial(owner) { (letter) } }
                        strong { (name(owner)) }
                    }
                }
                main.lone { section.card aria-labelledby="title" { (main) } }
                footer { (shield()) " " (fill(words.shop.powered_by, &[("brand", brand)])) }
            }
        }
    }
}

pub fn notice(app: &App, words: &'static Words, status: u16, notice: &Notice) -> Response {
    let main = html! { div.state { h1 #title { (notice.title) } p { (notice.text) } } };
    let brand = &app.platform.settings.brand;
    respond(words, status, layout(app, words, notice.title, brand, false, main), "'none'")
}

/// The API key is typed here, so the form goes nowhere but to us.
pub fn sign_in(visit: &Visit<'_>, status: u16, form: &SignIn) -> Response {
    let (words, said) = (visit.words, &visit.words.consent);
    let (app_name, brand) = (&visit.application.name, &visit.app.platform.settings.brand);
    let wrong = form.problem.map(|_| "true");
    let title = fill(said.sign_in_title, &[("app", app_name)]);
    let main = html! {
        div.state {
            h1 #title { (rich(said.sign_in_title, &[("app", &name(app_name))])) }
            p { (rich(said.sign_in_text, &[("app", &name(app_name))])) }
        }
        @if let Some(problem) = form.problem { p.alert #problem role="alert" { (problem) } }
        form method="post" action=(action(visit)) {
            label for="email" { (words.shop.email) }
            input #email name="email" type="email" value=[(!form.email.is_empty()).then_some(&form.email)] required maxlength="254"
                autocomplete="username" inputmode="email" autocapitalize="none" spellcheck="false"
                aria-invalid=[wrong] aria-describedby=[wrong.map(|_| "problem")];
            label for="api_key" { (said.api_key) }
            input #api_key name="api_key" type="password" required maxlength="200" autocomplete="current-password"
                aria-invalid=[wrong] aria-describedby="key-hint";
            p.hint #key-hint { (rich(said.api_key_hint, &[("brand", brand), ("app", &name(app_name))])) }
            button.button { (said.sign_in) }
        }
        (cancel(visit))
        (about(visit))
    };
    respond(words, status, layout(visit.app, words, &title, brand, false, main), "'self'")
}

/// What is asked, in words.
pub fn ask(visit: &Visit<'_>, shop: &str, test: bool, step: &str) -> Response {
    let (words, said, app_name) = (visit.words, &visit.words.consent, &visit.application.name);
    let title = fill(said.title, &[("app", app_name), ("shop", shop)]);
    let main = html! {
        div.state {
            h1 #title { (rich(said.title, &[("app", &name(app_name)), ("shop", &name(shop))])) }
            p { (rich(said.text, &[("app", &name(app_name))])) }
        }
        ul.scopes { @for scope in visit.asked.scopes.iter() { li { (in_words(said, scope)) } } }
        (about(visit))
        form method="post" action=(action(visit)) {
            input type="hidden" name="step" value=(step);
            button.button { (said.allow) }
        }
        (cancel(visit))
        p.hint { (said.take_back) }
    };
    let document = layout(visit.app, words, &title, shop, test, main);
    respond(words, 200, document, &forms(&visit.asked.redirect_uri))
}

/// Where the answer may lead: to the application, and from there to wherever it goes on to by itself. This page has nothing in a form
/// but the step, which is of use here alone.
fn forms(redirect_uri: &str) -> String {
    let source = redirect::source(redirect_uri);
    format!("'self' https: {source}")
}

/// The same request, whatever it was.
fn action(visit: &Visit<'_>) -> String {
    format!("/oauth/authorize?{}", visit.request.query)
}

/// A link: it changes nothing, and no policy for forms stands in its way.
fn cancel(visit: &Visit<'_>) -> Markup {
    let refused = [("error", "access_denied"), ("error_description", "The seller did not allow it")];
    html! { a.plain href=(visit.back(&refused)) rel="noreferrer" { (visit.words.consent.cancel) } }
}

/// Who the application is, and where it leads.
fn about(visit: &Visit<'_>) -> Markup {
    let (said, site) = (&visit.words.consent, &visit.application.site);
    html! {
        dl {
            dt { (said.website) } dd { a href=(site) rel="noopener noreferrer nofollow" target="_blank" { (host(site)) } }
            dt { (said.leads_to) } dd { (host(&visit.asked.redirect_uri)) }
        }
    }
}

/// The host of a URL, or of a program's own address its scheme.
fn host(text: &str) -> String {
    match redirect::own_scheme(text) {
        Some(scheme) => format!("{scheme}:"),
        None => Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default(),
    }
}

fn in_words(said: &Consent, scope: Scope) -> &'static str {
    match scope {
        Scope::AbandonedCartRead => said.abandoned_cart_read,
        Scope::AbandonedCartWrite => said.abandoned_cart_write,
        Scope::CustomerRead => said.customer_read,
        Scope::ProductRead => said.product_read,
        Scope::ProductWrite => said.product_write,
        Scope::OrderRead => said.order_read,
        Scope::OrderWrite => said.order_write,
        Scope::CouponRead => said.coupon_read,
        Scope::CouponWrite => said.coupon_write,
        Scope::ScriptWrite => said.script_write,
        Scope::ScriptRead => said.script_read,
        Scope::ReadPurchase => said.purchase_events,
        Scope::ReadProduct => said.product_events,
        Scope::ReadUserinfo => said.account_events,
    }
}
