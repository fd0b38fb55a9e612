//! What must hold of every decision, whatever is known, listed and ruled.

use proptest::prelude::*;

use super::{
    decision::{self, Case},
    rule_set::Enabled,
    *,
};
use crate::shop::{
    blacklist_rule::Action,
    gateway::{Card, CardRisk},
    time::DAY,
};

const NOW: i64 = 100 * DAY;

/// Rules that match some attempts and not others.
const RULES: [&str; 8] = [
    "customer.is_vpn",
    "not customer.is_vpn",
    "customer.is_tor or customer.is_hosting",
    "risk.level > 30",
    "risk.level <= 30",
    "customer.disputed_count > 0",
    "order.quantity == 1",
    "customer.email == \"eve@example.com\"",
];

#[derive(Debug, Clone)]
struct Made {
    facts: Facts,
    times: [Vec<i64>; 2],
    weights: Weights,
    rules: Vec<(usize, bool, Option<i64>)>,
    entries: usize,
    vpn_block: bool,
    max_risk_level: u32,
}

fn made() -> impl Strategy<Value = Made> {
    let flags = proptest::array::uniform4(proptest::option::of(any::<bool>()));
    let customer = (flags, proptest::option::of(0_u64..3), any::<bool>(), any::<bool>());
    let facts = customer.prop_map(|([is_vpn, is_tor, is_hosting, disposable], disputes, eve, country)| Facts {
        customer: rule::Customer {
            is_vpn,
            is_tor,
            is_hosting,
            email_is_disposable: disposable,
            disputed_count: disputes,
            email: eve.then(|| "eve@example.com".to_owned()),
            email_domain: eve.then(|| "example.de".to_owned()),
            country_code: country.then(|| "SE".to_owned()),
            ip_address: "203.0.113.7".parse().ok(),
            ..rule::Customer::default()
        },
        order: rule::Order { quantity: Some(1), ..rule::Order::default() },
        ..Facts::default()
    });
    let times = || prop::collection::vec(NOW - DAY..NOW, 0..25);
    let weights = prop::collection::vec(0_u32..=100, Signal::ALL.len()).prop_map(|all| {
        let mut weights = Weights::default();
        Signal::ALL.into_iter().zip(all).for_each(|(signal, weight)| weights.set(signal, weight));
        weights
    });
    let ends = prop::sample::select(vec![None, None, Some(NOW), Some(NOW + 1)]);
    let rules = prop::collection::vec((0..RULES.len(), any::<bool>(), ends), 0..6);
    (facts, [times(), times()], weights, rules, 0_usize..3, any::<bool>(), 0_u32..=100).prop_map(
        |(facts, times, weights, rules, entries, vpn_block, max_risk_level)| Made {
            facts,
            times,
            weights,
            rules,
            entries,
            vpn_block,
            max_risk_level,
        },
    )
}

impl Made {
    fn rules(&self) -> Vec<Enabled> {
        let made =
            self.rules.iter().enumerate().map(|(n, (text, allows, expires_at))| enabled(n, text, *allows, *expires_at));
        made.collect()
    }

    fn decide(&self, rules: &[Enabled]) -> Reasons {
        let entries = 0..self.entries;
        let listed = |n| Listed { id: format!("entry{n}"), blacklist_type: 1, blocked_data: "eve@example.com".into() };
        let [email_times, network_times] = self.times.clone();
        let case = Case {
            known: Known { facts: self.facts.clone(), email_times, network_times },
            weights: self.weights,
            rules,
            entries: entries.map(listed).collect(),
            vpn_block: self.vpn_block,
            max_risk_level: self.max_risk_level,
        };
        case.decide(NOW).0
    }
}

fn enabled(n: usize, text: &usize, allows: bool, expires_at: Option<i64>) -> Enabled {
    Enabled {
        id: format!("rule{n}"),
        name: format!("Rule {n}"),
        action: if allows { Action::Allow } else { Action::Block },
        expires_at,
        rule: rule::compile(RULES[*text]).expect("a rule"),
    }
}

/// How much an outcome refuses.
fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Accepted | Outcome::Allowed => 0,
        Outcome::Review => 1,
        Outcome::Blocked => 2,
    }
}

fn card() -> impl Strategy<Value = Card> {
    let risk = proptest::option::of(prop::sample::select(CardRisk::ALL.to_vec()));
    let country = proptest::option::of(prop::sample::select(vec!["SE".to_owned(), "NG".to_owned()]));
    (proptest::option::of(Just("card".to_owned())), country, risk).prop_map(|(key, country, risk)| Card {
        key,
        country,
        risk,
    })
}

/// As whoever reads them decides: by what is kept alone.
fn recomputed(kept: &str) -> (Reasons, (Outcome, Option<Decider>)) {
    let reasons: Reasons = json::from_text(kept).expect("reasons");
    let decided = reasons.decide();
    (reasons, decided)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn an_allow_rule_above_all_others_never_refuses_more(made in made(), text in 0..RULES.len()) {
        let before = made.decide(&made.rules());
        let mut rules = made.rules();
        rules.insert(0, enabled(99, &text, true, None));
        let after = made.decide(&rules);
        prop_assert!(severity(after.outcome) <= severity(before.outcome), "{before:?} became {after:?}");
        if after.rules.first().is_some_and(|rule| rule.matched) {
            prop_assert_eq!(after.outcome, Outcome::Allowed);
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides_and_those_below_it_are_not_tried(made in made()) {
        let rules = made.rules();
        let reasons = made.decide(&rules);
        let applies = |rule: &&Enabled| rule.expires_at.is_none_or(|ends| NOW < ends);
        let mut facts = made.facts.clone();
        facts.risk.level = Some(reasons.risk_level.into());
        let mut expected = Vec::new();
        for rule in rules.iter().filter(applies) {
            let matched = rule.rule.matches(&facts);
            expected.push((rule.id.clone(), matched));
            if matched {
                break;
            }
        }
        let tried: Vec<_> = reasons.rules.iter().map(|rule| (rule.id.clone(), rule.matched)).collect();
        prop_assert_eq!(&tried, &expected);
        let first = expected.last().filter(|(_, matched)| *matched);
        match (first, &reasons.by) {
            (Some((id, _)), by) => prop_assert_eq!(by, &Some(Decider::Rule { id: id.clone() })),
            (None, by) => {
                let by_rule = matches!(by, Some(Decider::Rule { .. }));
                prop_assert!(!by_rule);
            }
        }
        // What stands below the one that decides may be anything.
        if first.is_some() {
            let place = rules.iter().position(|rule| Some(&rule.id) == tried.last().map(|(id, _)| id)).expect("a rule");
            let mut fewer = made.rules();
            fewer.truncate(place + 1);
            prop_assert_eq!(made.decide(&fewer), reasons);
        }
    }

    #[test]
    fn the_explanation_recomputes_to_the_decision(
        made in made(),
        paid in proptest::option::of((card(), prop::collection::vec(NOW - DAY..NOW, 0..12))),
    ) {
        let mut reasons = made.decide(&made.rules());
        let started = reasons.clone();
        if let Some((card, times)) = &paid {
            reasons.add_card(card, Some("SE"), times, NOW);
            let again = { let mut again = reasons.clone(); again.add_card(card, Some("SE"), times, NOW); again };
            prop_assert_eq!(&again, &reasons, "a card that is told twice");
            prop_assert!(reasons.risk_level >= started.risk_level);
            prop_assert!(severity(reasons.outcome) >= severity(started.outcome));
            if started.outcome == Outcome::Allowed {
                prop_assert_eq!(reasons.outcome, Outcome::Allowed);
            }
        }
        let (read, (outcome, by)) = recomputed(&json::to_text(&reasons));
        prop_assert_eq!(&read, &reasons, "what is kept is what was decided");
        prop_assert_eq!((outcome, by), (reasons.outcome, reasons.by.clone()));
        let points: u32 = read.signals.iter().filter(|sign| sign.raised == Some(true)).map(|sign| sign.weight).sum();
        prop_assert_eq!(points.min(100), reasons.risk_level);
        prop_assert_eq!(decision::level(&read.signals), reasons.risk_level);
        prop_assert_eq!(read.signals.len(), Signal::ALL.len());
    }
}
