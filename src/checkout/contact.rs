//! The ways to reach the seller: a page that says "contact" has a link there, with the order's id filled in.

use maud::{Markup, html};

use crate::{checkout::layout::name, shop::account::contact::Front, words::Words};

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
    /// An order whose own page, at this address, is the reader's: they can ask there.
    Own {
        order_id: &'a str,
        page: &'a str,
    },
    /// A link that no order was made from.
    Payment(&'a str),
    /// Nothing that has a number.
    Shop,
}

/// Behind the address of an order's own page: it stays as it is, and its form for a question is open.
pub const ASK: &str = "?stay=question#question";

impl Contact {
    /// A seller who names no address is reached through the shop that sent the buyer, `origin`, and otherwise by a form of ours.
    pub fn of(words: &Words, front: &Front, origin: &str, about: About) -> Contact {
        let known = &front.contact;
        let named = match about {
            About::Order(id) | About::Own { order_id: id, .. } => Some((words.pay.order, "order_id", id)),
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
        if links.is_empty() {
            links.extend(form(words, &front.slug, about));
        }
        Contact { links }
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

/// The way through a form of ours: of the order's own page, or else the shop's, which nobody needs a secret address for.
fn form(words: &Words, slug: &str, about: About) -> Option<Link> {
    let query = match about {
        About::Own { page, .. } => {
            let href = format!("{page}{ASK}");
            return Some(Link { href, text: words.order.ask_question.to_owned(), is_page: false });
        }
        About::Order(id) => format!("?order_id={id}"),
        About::Payment(id) => format!("?payment_id={id}"),
        About::Shop => String::new(),
    };
    let href = format!("/shop/{slug}/contact{query}");
    (!slug.is_empty()).then(|| Link { href, text: words.shop.ask.to_owned(), is_page: true })
}

/// Where a shop's name leads: to the shop that sent the buyer, or else to its pages here.
pub fn home(front: &Front, origin: &str) -> Option<String> {
    match origin {
        "" => (front.listed && !front.slug.is_empty()).then(|| format!("/shop/{}", front.slug)),
        origin => Some(format!("{origin}/")),
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
    use crate::{shop::account::contact::Contact, words};

    fn links(email: Option<&str>, url: Option<&str>, origin: &str) -> Vec<(String, String)> {
        told(&front(email, url, ""), origin, About::Order("7f"))
    }

    fn front(email: Option<&str>, url: Option<&str>, slug: &str) -> Front {
        let contact = Contact { email: email.map(str::to_owned), url: url.map(str::to_owned) };
        Front { contact, slug: slug.to_owned(), listed: true }
    }

    fn told(front: &Front, origin: &str, about: About) -> Vec<(String, String)> {
        super::Contact::of(words::english(), front, origin, about)
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

    #[test]
    fn without_any_address_a_form_of_ours_takes_the_question() {
        let (open, ask) = (front(None, None, "ada"), |href: &str| [(href.to_owned(), "Ask the seller".to_owned())]);
        assert_eq!(told(&open, "", About::Order("7f")), ask("/shop/ada/contact?order_id=7f"));
        assert_eq!(told(&open, "", About::Payment("4")), ask("/shop/ada/contact?payment_id=4"));
        assert_eq!(told(&open, "", About::Shop), ask("/shop/ada/contact"));
        let own = About::Own { order_id: "7f", page: "/order/7f/x" };
        let here = ("/order/7f/x?stay=question#question".to_owned(), "Ask a question".to_owned());
        assert_eq!(told(&front(None, None, ""), "", own), [here]);
        assert_eq!(told(&front(Some("a@b.co"), None, "ada"), "", own).len(), 1, "an address goes before it");
    }

    #[test]
    fn a_name_leads_to_the_sender_or_to_a_shop_that_is_shown() {
        let open = front(None, None, "ada");
        assert_eq!(home(&open, "https://ada.example").as_deref(), Some("https://ada.example/"));
        assert_eq!(home(&open, "").as_deref(), Some("/shop/ada"));
        assert_eq!(home(&Front { listed: false, ..open }, ""), None);
        assert_eq!(home(&front(None, None, ""), ""), None);
    }
}
