//! A shop and its categories: cards of products.

use maud::{Markup, PreEscaped, html};

use super::Visit;
use crate::{
    checkout::layout::{initial, name},
    http::Response,
    shop::{
        Error, Refusal,
        catalog::{Card, Category, MAX_PRODUCTS, Rating, Shop},
        upload::Upload,
    },
    words::{self, Words},
};

/// Cards of a page.
const PER_PAGE: usize = 24;

pub fn shop(visit: &Visit<'_>, shop: &Shop) -> Result<Response, Error> {
    let cards: Vec<&Card> = shop.products.iter().collect();
    let path = format!("/shop/{}", shop.appearance.slug);
    page(visit, shop, None, &path, &cards)
}

/// Its products in the seller's order, those with stock first.
pub fn category(visit: &Visit<'_>, shop: &Shop, id: &str) -> Result<Response, Error> {
    let category = shop.categories.iter().find(|category| category.id == id).ok_or(Refusal::NotFound)?;
    let known = |id: &String| shop.products.iter().find(|card| card.id == *id);
    let mut cards: Vec<&Card> = category.product_ids.iter().filter_map(known).collect();
    cards.sort_by_key(|card| card.is_sold_out());
    page(visit, shop, Some(category), &format!("/category/{id}"), &cards)
}

fn page(
    visit: &Visit<'_>,
    shop: &Shop,
    category: Option<&Category>,
    path: &str,
    cards: &[&Card],
) -> Result<Response, Error> {
    let words = visit.words;
    let pages = cards.len().div_ceil(PER_PAGE).max(1);
    let wanted = visit.request.param("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
    if wanted > pages {
        return Err(Refusal::NotFound.into());
    }
    let shown = cards.chunks(PER_PAGE).nth(wanted - 1).unwrap_or_default();
    let title = category.map_or(shop.name.as_str(), |category| &category.title);
    let mut frame = visit.frame(Some(shop), title);
    let at = |page: usize| if page > 1 { format!("{path}?page={page}") } else { path.to_owned() };
    frame.runs_scripts = true;
    frame.path = category.is_none_or(|category| !category.unlisted).then(|| at(wanted));
    let main = html! {
        main.list {
            div.intro {
                h1 dir="auto" { (title) }
                @if category.is_none() && !shop.description_html.is_empty() && wanted == 1 {
                    div.prose dir="auto" { (PreEscaped(&shop.description_html)) }
                }
            }
            (categories(words, shop, category))
            @if shown.is_empty() { p.hint { (words.shop.no_products) } } @else {
                ul.cards { @for card in shown { li { (self::card(words, card)) } } }
            }
            @if shop.products.len() >= MAX_PRODUCTS as usize {
                p.hint { (words::fill(words.shop.newest_only, &[("count", &words.language.grouped(&MAX_PRODUCTS.to_string()))])) }
            }
            @if pages > 1 {
                nav.pages aria-label=(words.shop.pages) {
                    @if wanted > 1 { a.plain rel="prev" href=(at(wanted - 1)) { (words.shop.previous) } } @else { span {} }
                    span { (words::fill(words.shop.page_of, &[("page", &wanted.to_string()), ("pages", &pages.to_string())])) }
                    @if wanted < pages { a.plain rel="next" href=(at(wanted + 1)) { (words.shop.next) } } @else { span {} }
                }
            }
        }
    };
    Ok(visit.page(200, &frame, main))
}

fn categories(words: &Words, shop: &Shop, current: Option<&Category>) -> Markup {
    let listed: Vec<&Category> = shop.categories.iter().filter(|category| !category.unlisted).collect();
    html! {
        @if !listed.is_empty() || current.is_some() {
            nav.tabs aria-label=(words.shop.categories) {
                a href={ "/shop/" (shop.appearance.slug) } aria-current=[current.is_none().then_some("page")] { (words.shop.all_products) }
                @for category in listed {
                    @let is_it = current.is_some_and(|current| current.id == category.id);
                    a href={ "/category/" (category.id) } aria-current=[is_it.then_some("page")] { (name(&category.title)) }
                }
            }
        }
    }
}

fn card(words: &Words, card: &Card) -> Markup {
    html! {
        article.product {
            (picture(card.image.as_ref(), &card.title, "", true))
            h2 dir="auto" { a href={ "/product/" (card.id) } { (card.title) } }
            (rating(words, card.rating))
            p.line {
                span.price { (words.language.money(&card.price.display())) }
                (stock(words, card.stock, card.least))
            }
        }
    }
}

/// In a box of its own proportions, whatever the picture's are, so that nothing moves when it comes.
pub fn picture(image: Option<&Upload>, title: &str, described: &str, lazy: bool) -> Markup {
    html! {
        @if let Some(image) = image {
            img.picture src={ "/images/" (image.id) } alt=(described) width="640" height="480" decoding="async"
                loading=[lazy.then_some("lazy")];
        } @else {
            div.picture.blank aria-hidden="true" { @if let Some(letter) = initial(title) { (letter) } }
        }
    }
}

pub fn rating(words: &Words, rating: Rating) -> Markup {
    html! {
        @if let Some(tenths) = rating.tenths() {
            @let average = words.language.grouped(&format!("{}.{}", tenths / 10, tenths % 10));
            @let count = u64::try_from(rating.count).unwrap_or(0);
            @let reviews = words.plural(count, [words.shop.reviews_one, words.shop.reviews_few, words.shop.reviews_many]);
            p.rating {
                span aria-hidden="true" { "★" }
                " " span.unseen { (words::fill(words.shop.stars, &[("stars", &average)])) } span aria-hidden="true" { (average) }
                " · " (words::fill(reviews, &[("count", &words.language.grouped(&count.to_string()))]))
            }
        }
    }
}

/// A number is told when it is small; more than that is nobody's business.
pub fn stock(words: &Words, stock: Option<i64>, least: i64) -> Markup {
    const FEW: i64 = 10;
    html! {
        @match stock {
            Some(stock) if stock < least.max(1) => span.stock.out { (words.shop.sold_out) },
            Some(stock) if stock <= FEW => span.stock.few { (words::fill(words.shop.left, &[("count", &stock.to_string())])) },
            _ => span.stock { (words.shop.in_stock) },
        }
    }
}
