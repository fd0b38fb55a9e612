//! What stands around every page: the head, the shop's name above, ours below, and the two lines the script speaks through.

use maud::{DOCTYPE, Markup, html};

use crate::{
    checkout::assets::{ICON, SCRIPT, STYLE},
    shop::text::isolated,
    words::{Words, rich},
};

pub struct Frame<'a> {
    pub words: &'static Words,
    pub brand: &'a str,
    pub shop: Option<&'a str>,
    pub title: &'a str,
    pub test: bool,
    /// Where the shop's name leads: to the shop that sent the buyer, or to its pages here.
    pub home: Option<&'a str>,
    /// For browsers without script: load this address after so many seconds.
    pub refresh: Option<(u32, String)>,
}

/// The refresh hides in `<noscript>`: with script it would tear down a live page, and nobody could stop it.
pub fn layout(frame: &Frame, main: Markup) -> Markup {
    let shop = frame.shop.unwrap_or(frame.brand);
    let words = &frame.words.pay;
    html! {
        (DOCTYPE)
        html lang=(frame.words.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" content="#f4f5f7" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#0e1116" media="(prefers-color-scheme: dark)";
                // The address is the buyer's key to the order: no search engine and no other site may learn it.
                meta name="robots" content="noindex, nofollow";
                meta name="referrer" content="no-referrer";
                // Phones would make links of the digits in amounts and addresses.
                meta name="format-detection" content="telephone=no, date=no, address=no, email=no";
                title { (frame.title) " · " (isolated(shop)) }
                link rel="icon" href={ "/pay/assets/" (ICON) ".svg" } type="image/svg+xml";
                link rel="stylesheet" href={ "/pay/assets/" (STYLE) ".css" };
                script src={ "/pay/assets/" (SCRIPT) ".js" } defer {}
                @if let Some((seconds, url)) = &frame.refresh {
                    noscript { meta http-equiv="refresh" content={ (seconds) "; url=" (url) }; }
                }
            }
            body {
                header {
                    @if frame.test {
                        p.test { (rich(words.test_payment, &[])) }
                    }
                    p.top {
                        span.tile aria-hidden="true" { @if let Some(letter) = initial(shop) { (letter) } }
                        @match frame.home {
                            Some(home) => a href=(home) { strong { (name(shop)) } },
                            None => strong { (name(shop)) },
                        }
                    }
                }
                (main)
                footer {
                    (shield()) " " (rich(words.checkout_by, &[("brand", &frame.brand)]))
                }
                // Outside of what is swapped: a region that arrives together with its text is not read out.
                p #say .unseen role="status" data-soon=(words.two_minutes) {}
                p #trouble role="alert" data-offline=(words.offline) data-unsent=(words.not_sent) hidden {}
            }
        }
    }
}

/// A seller's own text: its direction, which may be another than the page's, ends with it.
pub fn name(text: &str) -> Markup {
    html! { bdi dir="auto" { (text) } }
}

/// The style makes it a capital: the tables that do it here would weigh more than the page.
pub fn initial(shop: &str) -> Option<char> {
    shop.chars().find(|c| c.is_ascii_alphanumeric() || !c.is_ascii())
}

pub fn shield() -> Markup {
    html! {
        svg.shield viewBox="0 0 24 24" aria-hidden="true" {
            path d="M12 2.5 20 5.4v6.1c0 4.7-3.2 8.3-8 10-4.8-1.7-8-5.3-8-10V5.4z" {}
            path d="m8.4 11.9 2.5 2.5 4.8-5" {}
        }
    }
}
