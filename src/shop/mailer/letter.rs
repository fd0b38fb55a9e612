//! What a mail says, and its two forms: plain text, and HTML that needs no network and no style
//! sheet, and leaves all colours to the reader, so that it is right on light and dark.

use maud::{DOCTYPE, Markup, html};

use super::line;
use crate::words::Words;

pub struct Letter {
    pub subject: String,
    parts: Vec<Part>,
}

enum Part {
    Line(String),
    /// What a buyer gets, under its heading, to be copied.
    Goods(String, String),
    /// What somebody else has written.
    Quote(String),
    Link(String, String),
    Facts(Vec<(String, String)>),
    Small(String),
}

impl Letter {
    pub fn new(subject: &str) -> Letter {
        Letter { subject: line::subject(subject), parts: Vec::new() }
    }

    pub fn line(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Line(text.into()));
    }

    pub fn goods(&mut self, heading: &str, goods: &str) {
        self.parts.push(Part::Goods(heading.to_owned(), line::block(goods)));
    }

    pub fn quote(&mut self, text: &str) {
        self.parts.push(Part::Quote(line::block(text)));
    }

    /// Of our own making: it is not looked at any more.
    pub fn link(&mut self, label: &str, url: String) {
        self.parts.push(Part::Link(label.to_owned(), url));
    }

    pub fn facts(&mut self, facts: Vec<(&str, String)>) {
        self.parts.push(Part::Facts(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()));
    }

    pub fn small(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Small(text.into()));
    }

    pub fn text(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Line(text) | Part::Small(text) => text.clone(),
            Part::Goods(heading, goods) => format!("{heading}:\n\n{goods}"),
            Part::Quote(text) => {
                let lines: Vec<String> = text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
                lines.join("\n")
            }
            Part::Link(label, url) => format!("{label}:\n{url}"),
            Part::Facts(facts) => {
                let lines: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                lines.join("\n")
            }
        });
        parts.collect::<Vec<_>>().join("\n\n") + "\n"
    }

    pub fn html(&self, words: &Words) -> String {
        let body = "margin:0;padding:24px 16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif";
        let page = html! {
            (DOCTYPE)
            html lang=(words.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="supported-color-schemes" content="light dark";
                    meta name="format-detection" content="telephone=no, date=no, address=no, email=no";
                    title { (self.subject) }
                }
                body style=(body) {
                    div style="max-width:36em;margin:0 auto" { @for part in &self.parts { (markup(part)) } }
                }
            }
        };
        page.into_string()
    }
}

const GOODS: &str = "margin:0 0 16px;padding:12px;border:1px solid;border-radius:6px;white-space:pre-wrap;\
    overflow-wrap:anywhere;font:15px/1.5 ui-monospace,Menlo,Consolas,monospace";
const QUOTE: &str =
    "margin:0 0 16px;padding:0 0 0 12px;border-left:3px solid;white-space:pre-wrap;overflow-wrap:anywhere";

/// Texts of others have a direction of their own.
fn markup(part: &Part) -> Markup {
    html! {
        @match part {
            Part::Line(text) => p dir="auto" style="margin:0 0 16px;overflow-wrap:anywhere" { (text) },
            Part::Goods(heading, goods) => {
                h2 style="margin:0 0 8px;font-size:16px" { (heading) }
                pre dir="auto" style=(GOODS) { (goods) }
            },
            Part::Quote(text) => blockquote dir="auto" style=(QUOTE) { (text) },
            Part::Link(label, url) => p style="margin:0 0 16px" {
                a href=(url) style="display:inline-block;padding:10px 16px;border:1px solid;border-radius:6px" { (label) }
            },
            Part::Facts(facts) => p style="margin:0 0 16px" {
                @for (at, (name, value)) in facts.iter().enumerate() {
                    @if at > 0 { br; }
                    (name) ": " bdi dir="auto" style="overflow-wrap:anywhere" { (value) }
                }
            },
            Part::Small(text) => p dir="auto" style="margin:0 0 16px;font-size:14px;overflow-wrap:anywhere" { (text) },
        }
    }
}
