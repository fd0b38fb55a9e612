//! Every line that is logged and every answer that is given is looked through for secrets, in every test: when its world
//! ends with one of them told, the test fails.

use std::{cell::RefCell, sync::LazyLock};

/// What it is, its beginning, and how many characters follow at least.
static SECRETS: LazyLock<Vec<(&str, &str, usize)>> = LazyLock::new(|| {
    let lines = include_str!("../../secrets.txt").lines().filter(|line| !line.starts_with('#'));
    let form = |line: &'static str| {
        let mut parts = line.split(" | ");
        let mut part = || parts.next().expect("three parts");
        (part(), part(), part().parse().expect("a number"))
    };
    lines.map(form).collect()
});

/// Where a secret is shown on purpose, once, when it is made: method and path.
const SHOWN: [(&str, &str); 6] = [
    ("Post", "/admin/accounts"),
    ("Post", "/admin/apps"),
    ("Post", "/api/v2/account/api_key"),
    ("Post", "/api/v2/account/webhook_secret"),
    ("Post", "/oauth/authorize"),
    ("Post", "/oauth/token"),
];
/// And what is shown there.
const MADE: [&str; 6] = [
    "an API key",
    "a webhook secret",
    "a client secret",
    "an authorization code",
    "an access token",
    "a refresh token",
];

/// What of the list stands in a text.
pub fn secrets_in(text: &str) -> Vec<&'static str> {
    let follows = |rest: &str| rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(b)).count();
    let stands = |begin: &str, least: usize| {
        text.match_indices(begin).any(|(at, _)| follows(&text[at + begin.len()..]) >= least)
    };
    SECRETS.iter().filter(|(_, begin, least)| stands(begin, *least)).map(|(what, ..)| *what).collect()
}

/// Secrets that were answered, each with where.
#[derive(Default)]
pub struct Told(RefCell<Vec<String>>);

impl Told {
    /// Looks through an answer.
    pub fn hear(&self, method: &str, path: &str, text: &str) {
        let is_new_key = path.strip_prefix("/admin/accounts/").is_some_and(|rest| rest.ends_with("/api_key"));
        let purpose = SHOWN.contains(&(method, path)) || (method == "Post" && is_new_key);
        let found = secrets_in(text).into_iter().filter(|what| !purpose || !MADE.contains(what));
        self.0.borrow_mut().extend(found.map(|what| format!("{what} in the answer to {method} {path}")));
    }

    /// With those that were logged.
    pub fn all(&self, log: &str) -> Vec<String> {
        let logged = secrets_in(log).into_iter().map(|what| format!("{what} in the log"));
        self.0.borrow().iter().cloned().chain(logged).collect()
    }
}
