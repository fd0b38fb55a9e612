//! The order form: what was typed, and what is wrong with it.

use super::Visit;
use crate::{
    http::Request,
    json::{Map, Value},
    shop::{
        gateway::Gateway,
        id,
        money::Amount,
        product::input::{self, BadAnswer, Input, InputKind, MAX_ANSWER},
        purchase::{Problem, Wish},
        text::email::{self, BadEmail},
    },
    words::{self, Words},
};

/// The fields as they were typed, and a sentence for each that is wrong.
#[derive(Default)]
pub struct Form {
    /// The same form sent twice makes one order.
    pub once: String,
    pub quantity: String,
    pub email: String,
    pub gateway: String,
    pub coupon: String,
    /// One for each input of the product.
    pub answers: Vec<String>,
    pub wrong: Wrong,
    /// What it comes to, where that was asked for.
    pub total: Option<Amount>,
    /// Marks of what the buyer was shown (`terms`): of the product, and of a total; empty if they were shown none.
    pub seen: String,
    pub sum: String,
}

#[derive(Default)]
pub struct Wrong {
    pub quantity: Option<String>,
    pub email: Option<String>,
    pub gateway: Option<String>,
    pub coupon: Option<String>,
    pub answers: Vec<Option<String>>,
    /// Not of one field.
    pub whole: Option<String>,
}

impl Wrong {
    pub fn is_empty(&self) -> bool {
        let fields = [&self.quantity, &self.email, &self.gateway, &self.coupon, &self.whole];
        fields.into_iter().all(Option::is_none) && self.answers.iter().all(Option::is_none)
    }
}

/// Characters that a field keeps. Longer ones are wrong in any case.
const MAX_TYPED: usize = 2_000;

impl Form {
    pub fn blank(visit: &Visit<'_>, least: i64, first: Option<Gateway>) -> Form {
        Form {
            once: id::hex(&visit.app.random::<16>()),
            quantity: least.to_string(),
            gateway: first.map(Gateway::slug).unwrap_or_default().to_owned(),
            ..Form::default()
        }
    }

    pub fn read(visit: &Visit<'_>, inputs: &[Input]) -> Form {
        let typed = |name: &str| short(super::typed(visit.request, name).unwrap_or_default());
        let once = typed("once");
        let is_once = once.len() == 32 && once.bytes().all(|b| b.is_ascii_hexdigit());
        Form {
            once: if is_once { once } else { id::hex(&visit.app.random::<16>()) },
            quantity: typed("quantity"),
            email: typed("email"),
            gateway: typed("gateway"),
            coupon: typed("coupon"),
            answers: (0..inputs.len()).map(|n| typed(&format!("custom[{n}]"))).collect(),
            wrong: Wrong { answers: vec![None; inputs.len()], ..Wrong::default() },
            total: None,
            seen: typed("seen"),
            sum: typed("sum"),
        }
    }

    /// What is wished, as far as it can be read; what can't is noted.
    pub fn wish(&mut self, words: &Words, product_id: &str, gateways: &[Gateway]) -> Wish {
        let said = &words.shop;
        let quantity = match self.quantity.parse::<u32>() {
            Ok(quantity) => Some(quantity),
            Err(_) if self.quantity.is_empty() => None,
            // More than anybody sells; zero and what is no number are less.
            Err(_) if self.quantity.bytes().all(|b| b.is_ascii_digit()) => Some(u32::MAX),
            Err(_) => Some(0),
        };
        let gateway = gateways.iter().copied().find(|gateway| gateway.slug() == self.gateway);
        if gateway.is_none() {
            self.wrong.gateway = Some(said.gateway_missing.to_owned());
        }
        let email = match email::parse(&self.email) {
            Ok(email) => Some(email.to_owned()),
            Err(bad) => {
                let sentence = match bad {
                    _ if self.email.is_empty() => said.email_blank,
                    BadEmail::Invisible(_) => said.email_invisible,
                    BadEmail::Malformed => said.email_wrong,
                };
                self.wrong.email = Some(sentence.to_owned());
                None
            }
        };
        let answers = self.answers.iter().enumerate();
        let answers = answers.map(|(n, answer)| (n.to_string(), Value::String(answer.clone())));
        Wish {
            product_id: product_id.to_owned(),
            quantity,
            coupon: Some(self.coupon.clone()).filter(|coupon| !coupon.is_empty()),
            answers: Map::from_iter(answers),
            gateways: gateway.into_iter().collect(),
            email,
        }
    }

    /// Notes a problem at its field. `without`: the price without the coupon.
    pub fn note(&mut self, words: &Words, problem: &Problem, without: Option<Amount>) {
        let said = &words.shop;
        match problem {
            Problem::OutOfStock | Problem::NoFile => self.wrong.whole = Some(said.gone.to_owned()),
            Problem::SumTooLarge => self.wrong.quantity = Some(said.quantity_too_large.to_owned()),
            Problem::Quantity { min, max } => {
                let (least, most) = (min.to_string(), max.map(|max| max.to_string()).unwrap_or_default());
                let text = match max {
                    None => said.quantity_least,
                    Some(max) if max == min => said.quantity_exactly,
                    Some(_) => said.quantity_between,
                };
                self.wrong.quantity = Some(words::fill(text, &[("min", &least), ("max", &most)]));
            }
            Problem::GatewayNotEnabled(_) => self.wrong.gateway = Some(said.gateway_missing.to_owned()),
            Problem::CouponNotValid => self.coupon_wrong(words, without),
            Problem::Custom(n, _, bad) => {
                let most = MAX_ANSWER.to_string();
                let text = match bad {
                    BadAnswer::Blank => said.answer_blank,
                    BadAnswer::NotANumber => said.answer_number,
                    BadAnswer::NotInTheList => said.answer_list,
                    BadAnswer::NotAccepted => said.answer_tick,
                    BadAnswer::TooLong | BadAnswer::NotText => said.too_long,
                    BadAnswer::NotPrintable => said.turned,
                };
                if let Some(wrong) = self.wrong.answers.get_mut(*n) {
                    *wrong = Some(words::fill(text, &[("count", &most)]));
                }
            }
        }
    }

    /// Only what decides the price is asked for: the rest may still be missing.
    pub fn ask_price_alone(&mut self) {
        self.wrong = Wrong { answers: vec![None; self.answers.len()], ..Wrong::default() };
    }

    /// The price without it is shown, and asked for again.
    pub fn coupon_wrong(&mut self, words: &Words, without: Option<Amount>) {
        let price = without.map(|price| words.language.money(&price.display())).unwrap_or_default();
        let text = if without.is_some() { words.shop.coupon_wrong } else { words.shop.coupon_unknown };
        self.wrong.coupon = Some(words::fill(text, &[("price", &price)]));
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(MAX_TYPED) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// Whether only the price was asked for.
pub fn asks_price(request: &Request) -> bool {
    super::typed(request, "check").is_some()
}

/// The inputs of a product, and whether an answer to one stands for a tick.
pub fn inputs(custom: Option<&str>) -> Vec<Input> {
    input::read(custom)
}

pub fn is_ticked(input: &Input, answer: &str) -> bool {
    input.kind == InputKind::Checkbox && !answer.is_empty()
}
