//! The storefront: pages that show what a shop sells, and sell it. They have no script, but for those of
//! others that a seller turns on (`shop::script`), which run on lists alone.
//!
//! ```text
//! GET  /                     the deployment's only shop, or a page that links to those there are
//! GET  /shop/:slug           a shop; its pages are ?page=2 …
//! GET  /shop/:slug/contact   a form to the seller; POST makes a query and leads to its thread
//! GET  /category/:id         the products of a category
//! GET  /product/:id          a product and its order form; POST makes an order and leads to its page
//! ```

use std::rc::Rc;

use crate::{
    http::{Method, NotRead, Request, Response, same_origin},
    platform::{Fault, LimitKind, LogLine, PERIOD},
    shop::{
        App, Error, Refusal,
        catalog::{self, Shop},
        script::Script,
    },
    words::{self, Words},
};

mod buy;
mod contact;
mod form;
mod home;
mod layout;
mod list;
mod notice;
mod product;
mod terms;

use layout::Frame;
use notice::Kind;

/// One request for a page.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    words: &'static Words,
}

impl Visit<'_> {
    /// `https://host` of this shop.
    fn origin(&self) -> &str {
        self.app.platform.settings.public_url.as_deref().unwrap_or(&self.request.origin)
    }

    fn frame<'a>(&'a self, shop: Option<&'a Shop>, title: &'a str) -> Frame<'a> {
        let brand = &self.app.platform.settings.brand;
        Frame { words: self.words, brand, shop, title, path: None, origin: self.origin(), runs_scripts: false }
    }

    /// The same visit in the words that this shop's readers get.
    async fn of(&self, shop: &Shop) -> Visit<'_> {
        let accepted = self.request.header("accept-language");
        let words = words::for_reader(&self.app.platform, shop.appearance.language, accepted).await;
        Visit { app: self.app, request: self.request, words }
    }

    /// A page, under a policy that lets it load nothing from anybody else, but for the scripts that its seller has let in.
    fn page(&self, status: u16, frame: &Frame<'_>, main: maud::Markup) -> Response {
        let (document, style) = layout::layout(frame, main);
        let style = style.map(|hash| format!(" 'sha256-{hash}'")).unwrap_or_default();
        Response::html(status, document.into_string())
            .with(
                "content-security-policy",
                format!(
                    "default-src 'none'; style-src 'self'{style}; img-src 'self'; form-action 'self'; base-uri 'none'; \
                     frame-ancestors 'none'{}",
                    scripts(frame.scripts())
                ),
            )
            // Forms say where they come from, to us alone.
            .with("referrer-policy", "same-origin")
            .with("x-frame-options", "DENY")
            .with("permissions-policy", "camera=(), geolocation=(), microphone=()")
            .with("content-language", self.words.language.code())
            .with("vary", "accept-language")
            // An order form is good for one order, and a price must not be an old one.
            .with("cache-control", "no-store")
    }

    fn notice(&self, shop: Option<&Shop>, kind: &Kind<'_>) -> Response {
        let (title, text) = notice::words(self.words, kind);
        let frame = self.frame(shop, title);
        self.page(kind.status(), &frame, notice::main(self.words, shop, title, text, kind))
    }
}

/// What a page's policy says of the scripts that run on it: their very addresses, and that they run as nobody of this origin.
/// Other pages of the origin, with order forms and goods, perhaps of other shops, are then out of their reach.
fn scripts(all: &[Script]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let sources: String = all.iter().flat_map(|script| [" ", &script.src]).collect();
    format!("; script-src{sources}; sandbox allow-forms allow-popups allow-popups-to-escape-sandbox allow-scripts")
}

/// Whether a path is one of the storefront's.
pub fn is_page(segments: &[&str]) -> bool {
    matches!(segments, [] | ["shop" | "category" | "product", ..])
}

pub async fn answer(app: &App, request: &Request, request_id: &str) -> Response {
    let words = words::for_reader(&app.platform, None, request.header("accept-language")).await;
    let visit = Visit { app, request, words };
    if !app.allows(LimitKind::Account, &format!("storefront {}", request.network())).await {
        let seconds = (PERIOD - app.now().rem_euclid(PERIOD) + 999) / 1_000;
        return visit.notice(None, &Kind::TooMany).with("retry-after", seconds.to_string());
    }
    if request.method == Method::Post && !same_origin(request) {
        return visit.notice(None, &Kind::Elsewhere);
    }
    match request.load().await {
        Ok(()) if request.body().is_some() => {}
        Ok(()) => return visit.notice(None, &Kind::TooLarge),
        Err(NotRead::Busy) => return visit.notice(None, &Kind::Busy).with("retry-after", "1"),
        // The connection broke: nobody is there to read a page.
        Err(NotRead::Broken(_)) => return Response::empty(400),
    }
    let error = match route(&visit).await {
        Ok(response) => return response,
        Err(error) => error,
    };
    let kind = match error {
        Error::Refused(Refusal::NotFound) => Kind::NotFound,
        Error::Refused(_) => Kind::Refused,
        Error::Fault(fault) => {
            app.platform.log.write(LogLine::error("storefront.failed").request(request_id).because(fault));
            Kind::Broken { request_id }
        }
    };
    match shop_of(&visit).await {
        Some(shop) => visit.of(&shop).await.notice(Some(&shop), &kind),
        None => visit.notice(None, &kind),
    }
}

/// Whose page it is, for a notice, which leads to its contact. One that isn't listed is named by nothing that isn't there.
async fn shop_of(visit: &Visit<'_>) -> Option<Rc<Shop>> {
    let app = visit.app;
    let found = match visit.request.segments().as_slice() {
        ["shop", slug, ..] => catalog::by_slug(app, slug).await.ok().flatten(),
        ["category", id, ..] => catalog::by_category(app, id).await.ok().flatten(),
        ["product", id, ..] => catalog::item(app, id).await.ok().flatten().map(|(shop, _)| shop),
        _ => None,
    };
    found.filter(|shop| shop.appearance.listed)
}

async fn route(visit: &Visit<'_>) -> Result<Response, Error> {
    let (app, segments) = (visit.app, visit.request.segments());
    let allowed = match segments.as_slice() {
        ["product", _] | ["shop", _, "contact"] => "GET, HEAD, POST",
        _ => "GET, HEAD",
    };
    match (segments.as_slice(), visit.request.method) {
        ([], Method::Get) => home::home(visit).await,
        (["shop", slug], Method::Get) => {
            let shop = open(catalog::by_slug(app, slug).await?)?;
            list::shop(&visit.of(&shop).await, &shop)
        }
        (["shop", slug, "contact"], Method::Get | Method::Post) => {
            let shop = catalog::by_slug(app, slug).await?.ok_or(Refusal::NotFound)?;
            let visit = visit.of(&shop).await;
            match visit.request.method {
                Method::Post => contact::send(&visit, &shop).await,
                _ => Ok(contact::page(&visit, &shop, 200, &contact::Letter::about(&visit))),
            }
        }
        (["category", id], Method::Get) => {
            let shop = open(catalog::by_category(app, id).await?)?;
            list::category(&visit.of(&shop).await, &shop, id)
        }
        (["product", id], Method::Get | Method::Post) => {
            let (shop, item) = catalog::item(app, id).await?.ok_or(Refusal::NotFound)?;
            let visit = visit.of(&shop).await;
            match visit.request.method {
                Method::Post => buy::buy(&visit, &shop, &item).await,
                _ => Ok(buy::show(&visit, &shop, &item)),
            }
        }
        ([] | ["product" | "category" | "shop", _] | ["shop", _, "contact"], _) => {
            Ok(Response::empty(405).with("allow", allowed))
        }
        _ => Err(Refusal::NotFound.into()),
    }
}

/// A shop that isn't listed has no storefront.
fn open(shop: Option<Rc<Shop>>) -> Result<Rc<Shop>, Error> {
    Ok(shop.filter(|shop| shop.appearance.listed).ok_or(Refusal::NotFound)?)
}

/// A field of a form, as it was typed, without control characters and what stands at its ends unseen.
fn typed(request: &Request, name: &str) -> Option<String> {
    let (_, value) = form_urlencoded::parse(request.body()?).find(|(key, _)| key == name)?;
    let text = value.replace("\r\n", "\n");
    let plain: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    Some(crate::shop::text::trim(&plain).to_owned())
}

/// A page whose data can't be what they are.
fn broken(what: &str) -> Error {
    Error::Fault(Fault(what.into()))
}
