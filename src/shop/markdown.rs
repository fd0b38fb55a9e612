//! Markdown (CommonMark) of what sellers write, as HTML that can stand on our pages. HTML in it is shown as text, links lead only to
//! the web and to mailboxes, and pictures are the seller's own uploads. It is rendered when it is saved.

use maud::html;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Pictures that are looked up of one text.
const MAX_PICTURES: usize = 100;

/// Ids of the uploads that a text shows as pictures. Whose they are, the text doesn't say.
pub fn pictures(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    if !text.contains(UPLOADS) {
        return ids;
    }
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        if let Event::Start(Tag::Image { dest_url, .. }) = event
            && let Some(id) = upload(&dest_url)
            && !ids.iter().any(|known| known == id)
            && ids.len() < MAX_PICTURES
        {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Safe HTML of a text. `own` are the uploads that it may show.
pub fn render(text: &str, own: &[String]) -> String {
    let mut events = Vec::new();
    // A page has its title as `h1`; below it no level is left out, whatever the seller wrote.
    let mut level = HeadingLevel::H1;
    // A link that leads nowhere is its text alone.
    let mut links: Vec<bool> = Vec::new();
    let mut picture: Option<Picture> = None;
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        if let Some(inside) = &mut picture {
            match event {
                Event::Start(Tag::Image { .. }) => inside.depth += 1,
                Event::End(TagEnd::Image) if inside.depth > 0 => inside.depth -= 1,
                Event::End(TagEnd::Image) => events.extend(picture.take().map(|it| it.event(own))),
                Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                    inside.alt.push_str(&text);
                }
                Event::SoftBreak | Event::HardBreak => inside.alt.push(' '),
                _ => {}
            }
            continue;
        }
        events.push(match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Heading { level: wanted, .. }) => {
                level = below(level, wanted);
                Event::Start(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() })
            }
            Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(level)),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let leads = leads_somewhere(&dest_url);
                links.push(leads);
                if !leads {
                    continue;
                }
                let tag = html! { a href=(dest_url) rel="nofollow noopener" {} }.into_string();
                Event::InlineHtml(tag.trim_end_matches("</a>").to_owned().into())
            }
            Event::End(TagEnd::Link) => match links.pop() {
                Some(true) => Event::InlineHtml("</a>".into()),
                _ => continue,
            },
            // Long lines are scrolled to, and without a mouse that takes the focus.
            Event::Start(Tag::CodeBlock(_)) => Event::InlineHtml("<pre tabindex=\"0\"><code>".into()),
            Event::End(TagEnd::CodeBlock) => Event::InlineHtml("</code></pre>\n".into()),
            Event::Start(Tag::Image { dest_url, .. }) => {
                picture = Some(Picture { url: dest_url, alt: String::new(), depth: 0 });
                continue;
            }
            other => other,
        });
    }
    let mut rendered = String::new();
    html::push_html(&mut rendered, events.into_iter());
    rendered
}

/// One level below the page's title, and at most one below the heading before it.
fn below(before: HeadingLevel, wanted: HeadingLevel) -> HeadingLevel {
    let level = (wanted as usize + 1).min(before as usize + 1);
    HeadingLevel::try_from(level.clamp(2, 6)).unwrap_or(HeadingLevel::H6)
}

fn leads_somewhere(url: &str) -> bool {
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "mailto:"].into_iter().any(starts) && !url.contains(char::is_control)
}

struct Picture<'a> {
    url: CowStr<'a>,
    alt: String,
    /// Pictures within its description.
    depth: u32,
}

impl<'a> Picture<'a> {
    /// An upload in a box of its own proportions, so that nothing moves when it comes; anything else is its description.
    fn event(self, own: &[String]) -> Event<'a> {
        match upload(&self.url).filter(|id| own.iter().any(|known| known == id)) {
            Some(id) => {
                let image = html! {
                    img.picture src={ (UPLOADS) (id) } alt=(self.alt) width="640" height="480" loading="lazy" decoding="async";
                };
                Event::InlineHtml(image.into_string().into())
            }
            None => Event::Text(self.alt.into()),
        }
    }
}

/// Where uploads are shown.
const UPLOADS: &str = "/images/";

/// The id in `/images/<40 hex>/<40 hex>`, with or without an origin before it: ours is meant, and asked.
fn upload(url: &str) -> Option<&str> {
    let id = url.get(url.find(UPLOADS)?..)?.strip_prefix(UPLOADS)?;
    let mut parts = id.split('/');
    let is_part = |part: &str| part.len() == 40 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let both = parts.next().is_some_and(is_part) && parts.next().is_some_and(is_part);
    (both && parts.next().is_none()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> String {
        super::render(text, &[])
    }

    #[test]
    fn what_is_written_is_rendered() {
        for (text, html) in [
            ("One **key**", "<p>One <strong>key</strong></p>\n"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
            ("```\na<b>\n```\nc", "<pre tabindex=\"0\"><code>a&lt;b&gt;\n</code></pre>\n<p>c</p>\n"),
            ("    a", "<pre tabindex=\"0\"><code>a</code></pre>\n"),
            ("`a<b>` ~~no~~", "<p><code>a&lt;b&gt;</code> <del>no</del></p>\n"),
            ("", ""),
        ] {
            assert_eq!(render(text), html, "{text}");
        }
    }

    #[test]
    fn html_is_shown_as_text() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<!-- x -->",
            "<b",
            "</p><style>",
            "x\n\n<div\nonclick=a>",
        ] {
            let html = render(text);
            assert!(!html.replace("<p>", "").replace("</p>", "").contains('<'), "{text}: {html}");
        }
    }

    #[test]
    fn links_lead_to_the_web_and_to_mailboxes_alone() {
        let link = |url: &str| format!("<p><a href=\"{url}\" rel=\"nofollow noopener\">x</a></p>\n");
        assert_eq!(render("[x](https://a.example/?b=1&c=2)"), link("https://a.example/?b=1&amp;c=2"));
        assert_eq!(render("[x](HTTP://a.example \"title\")"), link("HTTP://a.example"));
        assert_eq!(render("[x](mailto:a@b.co)"), link("mailto:a@b.co"));
        assert!(render("<https://a.example>").contains("rel=\"nofollow noopener\">https://a.example</a>"));
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "/admin",
            "//evil.example",
            "vbscript:x",
            "<java\tscript:x>",
            "&#106;avascript:x",
        ] {
            assert_eq!(render(&format!("[x]({url})")), "<p>x</p>\n", "{url}");
        }
        assert!(!render("[x](https://a.example/\"onclick=\"alert)").contains("\"onclick"));
    }

    #[test]
    fn pictures_are_uploads_or_their_description() {
        let own = format!("{}/{}", "a".repeat(40), "0".repeat(40));
        let id = format!("/images/{own}");
        for url in [id.clone(), format!("https://shop.example{id}")] {
            let text = format!("![A *\"key\"*]({url})");
            assert_eq!(pictures(&format!("{text} {text} [x]({url}) ![](/images/x)")), std::slice::from_ref(&own));
            assert_eq!(render(&text), "<p>A \"key\"</p>\n", "somebody else's");
            let html = super::render(&text, std::slice::from_ref(&own));
            assert!(html.contains(&format!("src=\"{id}\" alt=\"A &quot;key&quot;\" width=\"640\"")), "{html}");
        }
        for url in
            ["https://evil.example/x.png".into(), "/images/../x".into(), format!("{id}/x"), "data:image/png,x".into()]
        {
            assert_eq!(render(&format!("![the <b>key</b>]({url})")), "<p>the &lt;b&gt;key&lt;/b&gt;</p>\n", "{url}");
        }
        assert_eq!(render("![a ![b](x) c](y)"), "<p>a b c</p>\n");
    }

    #[test]
    fn no_level_of_headings_is_left_out() {
        let html = render("### a\n\n# b\n\n###### c\n\n## d");
        assert_eq!(html, "<h2>a</h2>\n<h2>b</h2>\n<h3>c</h3>\n<h3>d</h3>\n");
    }
}
