//! Forms: what was typed into each field, and what is wrong with it. A page that is shown again has both.

use maud::{Markup, html};

use crate::{
    http::Request,
    shop::text::{
        self,
        email::{self, BadEmail},
        turned,
    },
    words::{self, Words},
};

#[derive(Debug, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    problems: Vec<(&'static str, String)>,
}

impl Form {
    /// As a browser sends it. Lines end in one character, which counts as one.
    pub fn read(request: &Request) -> Form {
        let pairs = form_urlencoded::parse(request.body().unwrap_or_default());
        let values =
            pairs.map(|(name, value)| (name.into_owned(), text::trim(&value.replace("\r\n", "\n")).to_owned()));
        Form { values: values.collect(), problems: Vec::new() }
    }

    /// A form that is filled in already.
    pub fn of(values: &[(&str, &str)]) -> Form {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form { values: values.collect(), problems: Vec::new() }
    }

    /// Empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn refuse(&mut self, name: &'static str, why: impl Into<String>) {
        if self.problem(name).is_none() {
            self.problems.push((name, why.into()));
        }
    }

    pub fn problem(&self, name: &str) -> Option<&str> {
        self.problems.iter().find(|(known, _)| *known == name).map(|(_, why)| why.as_str())
    }

    pub fn is_right(&self) -> bool {
        self.problems.is_empty()
    }

    /// A text of so many characters at most, which may be missing.
    pub fn text(&mut self, name: &'static str, most: usize, words: &Words) -> String {
        let value = self.value(name).to_owned();
        if value.chars().count() > most {
            self.refuse(name, words::fill(words.order.too_long, &[("most", &most.to_string())]));
        } else if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            self.refuse(name, words.order.not_printable);
        }
        value
    }

    pub fn required(&mut self, name: &'static str, most: usize, words: &Words) -> String {
        let value = self.text(name, most, words);
        if value.is_empty() {
            self.refuse(name, words.order.missing);
        }
        value
    }

    /// One line, that others read among their own: nothing in it turns the text around it.
    pub fn title(&mut self, name: &'static str, most: usize, words: &Words) -> String {
        let value = self.required(name, most, words);
        if turned(&value).is_some() || value.contains('\n') {
            self.refuse(name, words.order.not_printable);
        }
        value
    }

    pub fn email(&mut self, name: &'static str, words: &Words) -> String {
        let value = self.value(name).to_owned();
        match email::parse(&value) {
            Ok(email) => return email.to_owned(),
            Err(_) if value.is_empty() => self.refuse(name, words.pay.email_missing),
            Err(BadEmail::Invisible(_)) => self.refuse(name, words.pay.email_invisible),
            Err(BadEmail::Malformed) => self.refuse(name, words.pay.email_malformed),
        }
        value
    }
}

/// What is wrong with a field, by which it is described.
pub fn problem(form: &Form, name: &str) -> Markup {
    html! { @if let Some(why) = form.problem(name) { p.alert id=(problem_id(name)) role="alert" { (why) } } }
}

pub fn problem_id(name: &str) -> String {
    format!("{name}-problem")
}

/// A field with its label above and what is wrong with it.
pub fn line(form: &Form, name: &str, label: &str, kind: &str, most: usize) -> Markup {
    let wrong = form.problem(name).is_some();
    let value = form.value(name);
    html! {
        label for=(name) { (label) }
        (problem(form, name))
        input id=(name) name=(name) type=(kind) value=[(!value.is_empty()).then_some(value)] required maxlength=(most)
            autocomplete=[(kind == "email").then_some("email")] autofocus[wrong]
            aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then(|| problem_id(name))];
    }
}

/// The same of several lines.
pub fn area(form: &Form, name: &str, label: &str, most: usize, required: bool) -> Markup {
    let wrong = form.problem(name).is_some();
    html! {
        label for=(name) { (label) }
        (problem(form, name))
        // A first line's end belongs to the tag (HTML, 13.2.6.4.7), so that one that was typed stays.
        textarea id=(name) name=(name) rows="4" required[required] maxlength=(most) autofocus[wrong]
            aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then(|| problem_id(name))] { "\n" (form.value(name)) }
    }
}
