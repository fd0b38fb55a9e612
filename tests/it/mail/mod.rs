//! E-mail: who is told what, when a service takes no mail, and that nothing of it happens while it is off.

use serde_json::Value;

use crate::world::{Sent, World};

mod off;
mod order;
mod query;
mod schedule;
mod seller;
mod wild;

pub const API: &str = "https://mail.example/emails";
/// Settings of a deployment that sends mails through an API.
pub const ON: [(&str, &str); 4] = [
    ("EMAIL_FROM", "shop@desk.example"),
    ("EMAIL_API_URL", API),
    ("EMAIL_API_KEY", "mailKey7f3a"),
    ("PUBLIC_URL", crate::actors::ORIGIN),
];

/// A deployment whose service takes every mail.
pub fn desk() -> World {
    let world = World::with(&ON);
    world.web.on(API, |_| crate::world::answer(200, r#"{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}"#));
    world
}

/// All requests to the service so far.
pub fn posts(world: &World) -> Vec<Sent> {
    world.web.sent_to(API)
}

/// What they say.
pub fn mails(world: &World) -> Vec<Value> {
    posts(world).iter().map(Sent::json).collect()
}

pub fn subjects(world: &World) -> Vec<String> {
    mails(world).iter().map(|mail| text(mail, "subject")).collect()
}

pub fn text(mail: &Value, field: &str) -> String {
    mail[field].as_str().unwrap_or_else(|| panic!("no {field} in {mail}")).to_owned()
}

/// Mails that are owed or were given up: id, tries, whether it is due, error.
pub fn owed(world: &World) -> Vec<Vec<String>> {
    world.db.query("SELECT id, tries, due_at IS NOT NULL, error FROM mails ORDER BY id")
}

/// What a link in the plain text says, by the path it begins with.
pub fn link(mail: &Value, begins: &str) -> String {
    let text = text(mail, "text");
    let found = text.lines().find(|line| line.starts_with(begins));
    found.unwrap_or_else(|| panic!("no {begins} in {text}")).to_owned()
}
