//! Texts with places: `{name}` is filled by the page, and what stands between two `*` is strong.

use maud::{Markup, PreEscaped, Render};

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
    /// Where what is strong begins or ends.
    Strong,
}

fn pieces(mut text: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        if let Some((place, rest)) = text.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            text = rest;
            return Some(Piece::Place(place));
        }
        if let Some(rest) = text.strip_prefix('*') {
            text = rest;
            return Some(Piece::Strong);
        }
        let first = text.chars().next()?.len_utf8();
        let end = text.get(first..)?.find(['{', '*']).map_or(text.len(), |at| first + at);
        let (piece, rest) = text.split_at_checked(end)?;
        text = rest;
        Some(Piece::Text(piece))
    })
}

/// A text with its places filled, for titles and attributes.
pub fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Place(name) => {
                filled.push_str(places.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            }
            Piece::Strong => {}
        }
    }
    filled
}

/// A text with its places filled, for the page.
pub fn rich(text: &str, places: &[(&str, &dyn Render)]) -> Markup {
    let (mut filled, mut strong) = (String::new(), false);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => text.render_to(&mut filled),
            Piece::Place(name) => {
                if let Some((_, value)) = places.iter().find(|(known, _)| *known == name) {
                    value.render_to(&mut filled);
                }
            }
            Piece::Strong => {
                strong = !strong;
                filled.push_str(if strong { "<strong>" } else { "</strong>" });
            }
        }
    }
    PreEscaped(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_what_fills_them_is_text() {
        assert_eq!(fill("Send {sum} to {who}", &[("who", "{sum}"), ("sum", "1*2")]), "Send 1*2 to {sum}");
        assert_eq!(fill("a {b", &[]), "a {b");
        let shop = maud::html! { a href="/" { "A & B" } };
        let page = rich("*{sum}* & {shop}.", &[("sum", &"<1>"), ("shop", &shop)]);
        assert_eq!(page.into_string(), "<strong>&lt;1&gt;</strong> &amp; <a href=\"/\">A &amp; B</a>.");
    }
}
