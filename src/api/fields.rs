//! The fields of a body, as old and new clients write them: one root key around it all, numbers as texts and texts as
//! numbers. Reading a field notes its errors; all are answered together, in field order.

use super::{
    body::{self, Map, Repeated},
    failure::{Failure, label},
};
use crate::{
    http::{BODY_LIMIT, Request},
    json::{Value, ValueExt},
    platform::Settings,
    shop::{
        money::{Amount, AmountError, Currency, Decimal, NotDecimal},
        text::{
            email::{self, BadEmail},
            is_invisible, name_of, trim, turned,
        },
        time,
        webhook::url::{self, BadUrl},
    },
};

pub struct Fields {
    map: Map,
    /// Of a form's fields whose name came several times, all values.
    repeated: Repeated,
    pub errors: Vec<String>,
}

impl Fields {
    /// `root`: the name that some clients wrap around the fields.
    pub fn read(request: &Request, root: &str) -> Result<Fields, Failure> {
        let body = request
            .body()
            .ok_or_else(|| Failure::new(413, &format!("The body is too large (maximum is {BODY_LIMIT} bytes)")))?;
        let (mut map, mut repeated) = body::parse(body)?;
        if map.len() == 1
            && let Some(Value::Object(inner)) = map.get_mut(root)
        {
            map = std::mem::take(inner);
            // `root[name]`
            for (name, _) in &mut repeated {
                let inner = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
                if let Some(inner) = inner.map(str::to_owned) {
                    *name = inner;
                }
            }
        }
        Ok(Fields { map, repeated, errors: Vec::new() })
    }

    /// Those of an object inside a body.
    pub fn of(map: Map) -> Fields {
        Fields { map, repeated: Repeated::new(), errors: Vec::new() }
    }

    /// Everything was read: the errors, if any.
    pub fn finish(self) -> Result<(), Failure> {
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::validation(self.errors)) }
    }

    pub fn error(&mut self, sentence: impl Into<String>) {
        self.errors.push(sentence.into());
    }

    fn sent(&self, name: &str) -> Option<&Value> {
        #[cfg(not(target_arch = "wasm32"))]
        crate::asked::note(name);
        self.map.get(name)
    }

    /// Whether something was sent under this name, which the specification doesn't name for it.
    pub fn carries(&self, name: &str) -> bool {
        match self.map.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(_) => true,
        }
    }

    /// Whether the field was sent at all, be it as null.
    pub fn has(&self, name: &str) -> bool {
        self.sent(name).is_some()
    }

    /// What isn't sent counts as sent with this text.
    pub fn or(&mut self, name: &str, kept: Option<String>) {
        if let (None, Some(kept)) = (self.sent(name), kept) {
            self.map.insert(name.to_owned(), Value::String(kept));
        }
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.sent(name).filter(|value| !value.is_null())
    }

    /// The items of a list. One value alone is a list of one, and so are the values of a form's name that comes several
    /// times, as OpenAPI's default for arrays has it.
    pub fn list(&self, name: &str) -> Option<Vec<Value>> {
        let value = self.value(name)?;
        if let Some((_, all)) = self.repeated.iter().find(|(known, _)| known == name) {
            return all.items().map(|items| items.into_iter().cloned().collect());
        }
        Some(value.items().unwrap_or_else(|| vec![value]).into_iter().cloned().collect())
    }

    /// A text, without what stands at its ends unseen; blank counts as absent.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = match self.sent(name)? {
            Value::String(text) => trim(text).to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null => return None,
            _ => {
                self.errors.push(format!("{} must be a text", label(name)));
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > most {
            self.errors.push(format!("{} is too long (maximum is {most} characters)", label(name)));
            return None;
        }
        self.printable(name, &text).then_some(text)
    }

    /// A list that was pasted: a text as it was sent, since its lines are counted.
    pub fn pasted(&mut self, name: &str, most: usize) -> Option<String> {
        match self.sent(name) {
            Some(Value::String(text)) => {
                let text = text.clone();
                self.printable(name, &text).then_some(text)
            }
            _ => self.text(name, most),
        }
    }

    /// Whether a text has none but the usual control characters.
    fn printable(&mut self, name: &str, text: &str) -> bool {
        let printable = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        if !printable {
            self.errors.push(format!("{} has characters that are not allowed", label(name)));
        }
        printable
    }

    /// A name that others read: nothing in it turns the text around it.
    pub fn title(&mut self, name: &str, most: usize) -> Option<String> {
        if let Some(c) = self.sent(name).and_then(Value::as_str).and_then(turned) {
            self.errors.push(format!(
                "{} has characters that turn the direction of writing ({})",
                label(name),
                name_of(c)
            ));
            return None;
        }
        self.required_text(name, most)
    }

    pub fn required_text(&mut self, name: &str, most: usize) -> Option<String> {
        let before = self.errors.len();
        let text = self.text(name, most);
        if text.is_none() && self.errors.len() == before {
            self.errors.push(format!("{} can't be blank", label(name)));
        }
        text
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_str() == "1" => Some(true),
            Value::Number(number) if number.as_str() == "0" => Some(false),
            Value::String(text) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                "" => return None,
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.errors.push(format!("{} must be true or false", label(name)));
        }
        flag
    }

    /// A whole number between both bounds.
    pub fn int(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let text = match self.value(name)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let (minus, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
        // 6, 6.0, 6e0 and 60e-1 are one number.
        let whole = Decimal::parse(digits).map(|number| format!("{minus}{}", number.to_text()));
        let fraction = whole.as_ref().is_ok_and(|whole| whole.contains('.'));
        let problem = match whole.map(|whole| whole.parse::<i64>()) {
            Ok(Ok(n)) if n < least => format!("must be greater than or equal to {least}"),
            Ok(Ok(n)) if n > most => format!("must be less than or equal to {most}"),
            Ok(Ok(n)) => return Some(n),
            Ok(Err(_)) if fraction => "must be an integer".into(),
            Ok(Err(_)) if minus.is_empty() => format!("must be less than or equal to {most}"),
            Ok(Err(_)) => format!("must be greater than or equal to {least}"),
            Err(NotDecimal::OutOfRange) => "is out of range".into(),
            Err(_) => "is not a number".into(),
        };
        self.errors.push(format!("{} {problem}", label(name)));
        None
    }

    /// An ISO 4217 code.
    pub fn currency(&mut self, name: &str) -> Option<Currency> {
        let text = self.required_text(name, 64)?;
        let currency = Currency::parse(&text);
        if currency.is_none() {
            self.errors.push(format!("{} is not a valid ISO 4217 code", label(name)));
        }
        currency
    }

    /// A price above zero, read digit by digit. Its currency may have been refused already.
    pub fn price(&mut self, name: &str, currency: Option<Currency>) -> Option<Amount> {
        let text = match self.value(name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
            None | Some(Value::String(_)) => {
                self.errors.push(format!("{} can't be blank", label(name)));
                return None;
            }
            Some(_) => "not a number".into(),
        };
        let problem = match Decimal::parse(&text) {
            Err(NotDecimal::NotANumber) => "is not a number",
            Err(NotDecimal::Negative) => "must be greater than 0",
            Err(NotDecimal::OutOfRange) => "is out of range",
            Ok(number) if number.is_zero() => "must be greater than 0",
            Ok(number) => match Amount::from_decimal(number, currency?) {
                Err(AmountError::TooLarge) => "must be less than or equal to 999999999",
                Ok(amount) if amount.minor() == 0 => "must be greater than 0",
                Ok(amount) => return Some(amount),
            },
        };
        self.errors.push(format!("{} {problem}", label(name)));
        None
    }

    /// A percentage of at most so many decimals, counted in the last of them, up to `most`.
    pub fn percent(&mut self, name: &str, places: u8, most: u32) -> Option<u32> {
        let text = match self.value(name)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let highest = Decimal::new(most.into(), places);
        let problem = match Decimal::parse(&text) {
            Err(NotDecimal::NotANumber) => "is not a number".into(),
            Err(NotDecimal::Negative) => "must be greater than or equal to 0".into(),
            Err(NotDecimal::OutOfRange) => "is out of range".into(),
            Ok(number) => match (highest, number.count(places)) {
                (Some(highest), _) if number > highest => {
                    format!("must be less than or equal to {}", highest.to_text())
                }
                (_, None) => format!("has too many decimals (maximum is {places})"),
                (_, count) => return count,
            },
        };
        self.errors.push(format!("{} {problem}", label(name)));
        None
    }

    pub fn email(&mut self, name: &str) -> Option<String> {
        let text = self.text(name, 254)?;
        let problem = match email::parse(&text) {
            Ok(email) => return Some(email.to_owned()),
            Err(bad) => bad_email(bad),
        };
        self.errors.push(format!("{} {problem}", label(name)));
        None
    }

    /// ISO 8601 with an offset, in milliseconds since 1970.
    pub fn time(&mut self, name: &str) -> Option<i64> {
        let text = self.text(name, 64)?;
        let time = time::parse(&text);
        if time.is_none() {
            self.errors.push(format!("{} is not a valid ISO 8601 time", label(name)));
        }
        time
    }

    /// When something ends, if that was sent; `Some(None)`: never.
    pub fn future(&mut self, name: &str, now: i64) -> Option<Option<i64>> {
        if !self.has(name) {
            return None;
        }
        let time = self.time(name);
        if time.is_some_and(|time| time <= now) {
            self.errors.push(format!("{} must be in the future", label(name)));
        }
        Some(time)
    }

    /// A URL that a buyer may be sent to. `insecure` is the operator's development switch.
    pub fn url(&mut self, name: &str, insecure: bool) -> Option<String> {
        self.address(name, insecure, None)
    }

    /// A URL that we may call.
    pub fn hook_url(&mut self, name: &str, settings: &Settings) -> Option<String> {
        self.address(name, settings.allow_insecure_urls, Some(settings))
    }

    fn address(&mut self, name: &str, insecure: bool, called: Option<&Settings>) -> Option<String> {
        let text = self.text(name, 2_000)?;
        let checked = match called {
            Some(settings) => url::callable(&text, settings),
            None => url::check(&text, insecure),
        };
        let problem = match checked {
            Ok(_) => return Some(text),
            Err(BadUrl::Unreadable) => "is not a valid URL".to_owned(),
            Err(BadUrl::Character(c)) => format!("is not a valid URL ({} must be percent-encoded)", named(c)),
            Err(BadUrl::NotHttps) => "must be an HTTPS URL".to_owned(),
            Err(BadUrl::Credentials) => "must not contain credentials".to_owned(),
            Err(BadUrl::Private) => "must not point to a private network".to_owned(),
            Err(BadUrl::Port) => "must use a port that webhooks may go to, such as 443".to_owned(),
        };
        self.errors.push(format!("{} {problem}", label(name)));
        None
    }
}

/// Why a text is no e-mail address, for a sentence about it.
pub fn bad_email(bad: BadEmail) -> String {
    match bad {
        BadEmail::Malformed => "is not a valid email address".into(),
        BadEmail::Invisible(c) => format!("has invisible characters ({})", name_of(c)),
    }
}

/// A character as a person finds it again: itself where it can be seen, and its number.
fn named(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        c if c.is_control() || c.is_whitespace() || is_invisible(c) => format!("the character {}", name_of(c)),
        c => format!("\"{c}\""),
    }
}
