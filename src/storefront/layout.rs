//! What stands around every page: the head, the shop's name above, and the ways to the seller below.

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{
    checkout::{
        assets::{ICON, SHOP_STYLE},
        layout::{initial, name, shield},
    },
    shop::{catalog::Shop, script::Script, text::isolated},
    words::{self, Words},
};

pub struct Frame<'a> {
    pub words: &'static Words,
    pub brand: &'a str,
    pub shop: Option<&'a Shop>,
    pub title: &'a str,
    /// The page's own address; `None` keeps search engines off.
    pub path: Option<String>,
    pub origin: &'a str,
    /// Whether the shop's scripts run on it: never beside goods or a form.
    pub runs_scripts: bool,
}

impl<'a> Frame<'a> {
    /// What the page runs.
    pub fn scripts(&self) -> &'a [Script] {
        self.shop.filter(|_| self.runs_scripts).map_or(&[], |shop| &shop.scripts)
    }
}

/// The document, and the hash of its own style for the policy, if it has one.
pub fn layout(frame: &Frame<'_>, main: Markup) -> (Markup, Option<String>) {
    let words = &frame.words.shop;
    let accent = frame.shop.and_then(style);
    let owner = frame.shop.map_or(frame.brand, |shop| &shop.name);
    let document = html! {
        (DOCTYPE)
        html lang=(frame.words.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                meta name="format-detection" content="telephone=no, date=no, address=no, email=no";
                @match &frame.path {
                    Some(path) => link rel="canonical" href={ (frame.origin) (path) };,
                    None => meta name="robots" content="noindex, nofollow";,
                }
                @if frame.title == owner {
                    title { (isolated(owner)) }
                } @else {
                    title { (isolated(frame.title)) " · " (isolated(owner)) }
                }
                link rel="icon" href={ "/pay/assets/" (ICON) ".svg" } type="image/svg+xml";
                link rel="stylesheet" href={ "/pay/assets/" (SHOP_STYLE) ".css" };
                @if let Some((style, _)) = &accent { style { (PreEscaped(style)) } }
                @for script in frame.scripts() {
                    script src=(script.src) integrity=(script.integrity) crossorigin="anonymous" defer {}
                }
            }
            body.store {
                header {
                    @if let Some(shop) = frame.shop {
                        @if shop.account.test { p.test { (words::rich(words.test_shop, &[])) } }
                        p.top {
                            // A shop that isn't listed has no page to lead to.
                            a.home href=[shop.appearance.listed.then(|| format!("/shop/{}", shop.appearance.slug))] {
                                @if let Some(logo) = &shop.logo {
                                    img.logo src={ "/images/" (logo.id) } alt="" width="40" height="40" decoding="async";
                                } @else { (tile(&shop.name)) }
                                strong { (name(&shop.name)) }
                            }
                        }
                    } @else {
                        p.top { span.home { (tile(frame.brand)) strong { (frame.brand) } } }
                    }
                }
                (main)
                footer {
                    @if let Some(shop) = frame.shop {
                        nav aria-label=(words.about_shop) {
                            a href={ "/shop/" (shop.appearance.slug) "/contact" } { (words.contact) }
                            @if let Some(url) = &shop.appearance.terms_url { a href=(url) rel="noopener" { (words.terms) } }
                            @if let Some(url) = &shop.appearance.privacy_url { a href=(url) rel="noopener" { (words.privacy) } }
                        }
                    }
                    p { (shield()) " " (words::fill(words.powered_by, &[("brand", frame.brand)])) }
                }
            }
        }
    };
    (document, accent.map(|(_, hash)| hash))
}

fn tile(name: &str) -> Markup {
    html! { span.tile aria-hidden="true" { @if let Some(letter) = initial(name) { (letter) } } }
}

/// The shop's accent colour as a style of the page's own, and its hash.
fn style(shop: &Shop) -> Option<(String, String)> {
    let color = shop.appearance.accent_color?;
    let (ground, ink) = (color.to_text(), color.ink()?);
    let style = format!(":root{{--act:{ground};--press:{ground};--on-act:{ink}}}");
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    Some((style, hash))
}
