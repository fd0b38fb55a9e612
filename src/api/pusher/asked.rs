//! What a request asks for: in its body, or, as the document says, in its query.

use super::{Call, Refused, event::Name, refusal::Violation};
use crate::{
    api::{
        body::{self, Map},
        failure::Failure,
        fields::bad_email,
    },
    http::{BODY_LIMIT, Request},
    json::{self, Value},
    shop::{
        id,
        text::{email, trim},
        webhook::url::{self, BadUrl},
    },
};

/// Characters of an address.
const MAX_EMAIL: usize = 512;

/// The properties of a subscription; `None` was not sent.
#[derive(Default)]
pub struct Asked {
    pub uuid: Option<String>,
    /// Empty: all that there are.
    pub events: Option<Vec<Name>>,
    pub destination: Option<String>,
    pub contact_email: Option<String>,
}

/// Reads them all. A property that `required` names must be there. What the document answers with 400 goes before what it
/// answers with 422.
pub fn read(call: &Call<'_>, required: &[&'static str]) -> Result<Asked, Refused> {
    let sent = Sent::read(call.request)?;
    let (mut bad, mut unprocessable) = (Vec::new(), Vec::new());
    let mut asked = Asked::default();
    let missing =
        |name: &'static str| required.contains(&name).then(|| Violation::of(name, format!("{name} is required")));
    match sent.text("uuid") {
        Ok(None) => bad.extend(missing("uuid")),
        Ok(Some(text)) => match id::parse_timed_uuid(&text) {
            Some(uuid) => asked.uuid = Some(uuid),
            None => bad.push(Violation::of("uuid", "uuid must be a UUID of version 1")),
        },
        Err(problem) => bad.push(problem),
    }
    match sent.text("transportName") {
        Ok(None) => bad.extend(missing("transportName")),
        Ok(Some(name)) if name == "WEBHOOK" => {}
        Ok(Some(_)) => bad.push(Violation::of("transportName", "transportName must be WEBHOOK")),
        Err(problem) => bad.push(problem),
    }
    match sent.events() {
        Ok(None) => bad.extend(missing("eventNames")),
        Ok(events) => asked.events = events,
        Err(problem) => bad.push(problem),
    }
    match sent.text("destination") {
        Ok(None) => unprocessable.extend(missing("destination")),
        Ok(Some(text)) => match url::callable(&text, &call.app.platform.settings) {
            Ok(_) => asked.destination = Some(text),
            Err(bad) => unprocessable.push(Violation::of("destination", format!("destination {}", bad_url(bad)))),
        },
        Err(problem) => unprocessable.push(problem),
    }
    match sent.text("contactEmail") {
        Ok(None) => unprocessable.extend(missing("contactEmail")),
        Ok(Some(text)) if text.chars().count() > MAX_EMAIL => {
            let problem = format!("contactEmail is too long (maximum is {MAX_EMAIL} characters)");
            unprocessable.push(Violation::of("contactEmail", problem));
        }
        Ok(Some(text)) => match email::parse(&text) {
            Ok(_) => asked.contact_email = Some(text),
            Err(bad) => {
                unprocessable.push(Violation::of("contactEmail", format!("contactEmail {}", bad_email(bad))));
            }
        },
        Err(problem) => unprocessable.push(problem),
    }
    match (bad.is_empty(), unprocessable.is_empty()) {
        (true, true) => Ok(asked),
        (true, false) => Err(Refused::violated(422, unprocessable)),
        (false, _) => Err(Refused::violated(400, bad)),
    }
}

/// A property under its name.
struct Sent {
    body: Map,
    query: Vec<(String, String)>,
}

impl Sent {
    fn read(request: &Request) -> Result<Sent, Refused> {
        let too_large = || Failure::new(400, &format!("The body is too large (maximum is {BODY_LIMIT} bytes)"));
        let (body, repeated) = body::parse(request.body().ok_or_else(too_large)?)?;
        let mut sent = Sent { body, query: Vec::new() };
        for (name, values) in repeated {
            sent.body.insert(name, values);
        }
        let query = form_urlencoded::parse(request.query.as_bytes());
        sent.query = query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(sent)
    }

    /// Null is as if it weren't there; an empty text is there.
    fn text(&self, name: &'static str) -> Result<Option<String>, Violation> {
        match self.body.get(name) {
            Some(Value::String(text)) => Ok(Some(trim(text).to_owned())),
            None | Some(Value::Null) => {
                let last = self.query.iter().rfind(|(known, _)| known == name);
                Ok(last.map(|(_, text)| trim(text).to_owned()))
            }
            Some(_) => Err(Violation::of(name, format!("{name} must be a text"))),
        }
    }

    /// A JSON array in the body; in the query repeated, with commas between, or as JSON.
    fn events(&self) -> Result<Option<Vec<Name>>, Violation> {
        const NAME: &str = "eventNames";
        let texts: Vec<String> = match self.body.get(NAME) {
            None | Some(Value::Null) => {
                let named = self.query.iter().filter(|(name, _)| matches!(name.as_str(), NAME | "eventNames[]"));
                let all: Vec<&str> = named.map(|(_, text)| text.as_str()).collect();
                if all.is_empty() {
                    return Ok(None);
                }
                all.into_iter().flat_map(listed).collect()
            }
            Some(Value::String(text)) => listed(text),
            Some(Value::Array(items)) => {
                let text = |item: &Value| item.as_str().map(str::to_owned);
                let texts: Option<Vec<String>> = items.iter().map(text).collect();
                texts.ok_or_else(|| Violation::of(NAME, "eventNames must be an array of texts"))?
            }
            Some(_) => return Err(Violation::of(NAME, "eventNames must be an array of texts")),
        };
        let mut names = Vec::new();
        for text in texts {
            match Name::parse(trim(&text)) {
                Some(name) if !names.contains(&name) => names.push(name),
                Some(_) => {}
                None => {
                    let known: Vec<&str> = Name::ALL.iter().map(|name| name.text).collect();
                    let problem = format!("eventNames are not included in the list ({})", known.join(", "));
                    return Err(Violation::of(NAME, problem));
                }
            }
        }
        Ok(Some(names))
    }
}

fn listed(text: &str) -> Vec<String> {
    let array = Some(text).filter(|text| text.starts_with('['));
    let array = array.and_then(json::from_text::<Vec<String>>);
    array.unwrap_or_else(|| text.split(',').map(str::to_owned).filter(|part| !part.trim().is_empty()).collect())
}

fn bad_url(bad: BadUrl) -> &'static str {
    match bad {
        BadUrl::Unreadable => "is not a valid URL",
        BadUrl::Character(_) => "has characters that must be percent-encoded",
        BadUrl::NotHttps => "must be an HTTPS URL",
        BadUrl::Credentials => "must not contain credentials",
        BadUrl::Private => "must not point to a private network",
        BadUrl::Port => "must use a port that webhooks may go to, such as 443",
    }
}
