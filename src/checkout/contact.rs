//! The ways to reach the seller: a page that says "contact" has a link there, with the order's id filled in.

use maud::{Markup, html};

use crate::{checkout::layout::name, shop::account::contact, words::Words};

/// Links to the seller; none where nothing is known of the shop.
#[derive(Default)]
pub struct Contact {
    links: Vec<Link>,
}

struct Link {
    href: String,
    text: String,
    /// A page, which opens beside this one: the buyer still needs this one.
    is_page: bool,
}

/// What the buyer writes about.
#[derive(Clone, Copy)]
pub enum About<'a> {
    Order(&'a str),
    /// A link that no order was made from.
    Payment(&'a str),
    /// Nothing that has a number.
    Shop,
}

impl Contact {
    /// A seller who names no address is reached through the shop that sent the buyer, `origin`.
    pub fn of(words: &Words, known: &contact::Contact, origin: &str, about: About) -> Contact {
        let named = match about {
            About::Order(id) => Some((words.pay.order, "order_id", id)),
            About::Payment(id) => Some((words.pay.payment, "payment_id", id)),
            About::Shop => None,
        };
        let mut links = Vec::new();
        if let Some((local, domain)) = known.email.as_deref().and_then(|email| email.rsplit_once('@')) {
            let subject = named.map(|(noun, _, id)| format!("?subject={}%20{id}", encoded(noun))).unwrap_or_default();
            let href = format!("mailto:{}@{}{subject}", encoded(local), encoded(domain));
            links.push(Link { href, text: format!("{local}@{domain}"), is_page: false });
        }
        if let Some(url) = &known.url {
            let href = match named {
                Some((_, name, id)) => {
                    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, id).finish();
                    with_query(url, &query)
                }
                None => url.clone(),
            };
            links.push(Link { href, text: plain(url).to_owned(), is_page: true });
        }
        if links.is_empty() && !origin.is_empty() {
            links.push(Link { href: format!("{origin}/"), text: plain(origin).to_owned(), is_page: true });
        }
        Contact { links }
    }

    /// Where no address is known, this page of ours.
    pub fn or_page(mut self, href: String, text: &str) -> Contact {
        if self.links.is_empty() {
            self.links.push(Link { href, text: text.to_owned(), is_page: false });
        }
        self
    }

    /// The shop's name, which leads to the first of its addresses.
    pub fn named(&self, shop: &str) -> Markup {
        html! { @if let Some(link) = self.links.first() { (anchor(link, name(shop))) } @else { (name(shop)) } }
    }

    /// A row of a list of facts.
    pub fn row(&self, words: &Words) -> Markup {
        html! {
            @if !self.links.is_empty() {
                dt { (words.pay.contact) }
                dd { @for (at, link) in self.links.iter().enumerate() { @if at > 0 { br; } (anchor(link, html! { (link.text) })) } }
            }
        }
    }
}

fn anchor(link: &Link, text: Markup) -> Markup {
    let beside = link.is_page.then_some("_blank");
    html! { a href=(link.href) target=[beside] rel=[beside.map(|_| "noopener noreferrer")] { (text) } }
}

/// A part of a `mailto:` URL (RFC 6068), in which a plus is a plus.
pub fn encoded(part: &str) -> String {
    form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

/// `https://ada.example/help/` → `ada.example/help`
fn plain(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/')
}

/// The URL with more behind its query, before its fragment.
pub fn with_query(url: &str, query: &str) -> String {
    let (page, fragment) = url.split_once('#').map_or((url, None), |(page, fragment)| (page, Some(fragment)));
    let joint = match page.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{page}{joint}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;

    fn links(email: Option<&str>, url: Option<&str>, origin: &str) -> Vec<(String, String)> {
        let known = contact::Contact { email: email.map(str::to_owned), url: url.map(str::to_owned) };
        Contact::of(words::english(), &known, origin, About::Order("7f"))
            .links
            .into_iter()
            .map(|link| (link.href, link.text))
            .collect()
    }

    #[test]
    fn an_address_carries_the_order_and_nothing_of_it_gets_loose() {
        for (email, href) in [
            ("ada@ada.example", "mailto:ada@ada.example?subject=Order%207f"),
            ("a&cc=b?c#d%e@ada.example", "mailto:a%26cc%3Db%3Fc%23d%25e@ada.example?subject=Order%207f"),
            ("o'ada+x@ada.example", "mailto:o%27ada%2Bx@ada.example?subject=Order%207f"),
            ("grüße@bücher.example", "mailto:gr%C3%BC%C3%9Fe@b%C3%BCcher.example?subject=Order%207f"),
        ] {
            assert_eq!(links(Some(email), None, ""), [(href.to_owned(), email.to_owned())]);
        }
        for (url, href, text) in [
            ("https://ada.example", "https://ada.example?order_id=7f", "ada.example"),
            ("https://ada.example/help/", "https://ada.example/help/?order_id=7f", "ada.example/help"),
            ("https://ada.example/?a=1#form", "https://ada.example/?a=1&order_id=7f#form", "ada.example/?a=1#form"),
            ("https://ada.example/?", "https://ada.example/?order_id=7f", "ada.example/?"),
        ] {
            assert_eq!(links(None, Some(url), ""), [(href.to_owned(), text.to_owned())]);
        }
    }

    #[test]
    fn without_an_address_the_shop_itself_is_named() {
        let shop = ("https://ada.example:8443/".to_owned(), "ada.example:8443".to_owned());
        assert_eq!(links(None, None, "https://ada.example:8443"), [shop]);
        assert_eq!(links(Some("a@b.co"), Some("https://b.co"), "https://ada.example").len(), 2);
        assert!(links(None, None, "").is_empty());
    }
}
