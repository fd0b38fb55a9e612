//! What gateways say of an order's payment, in any order, as often and in whatever pieces they like, comes to one end.

use proptest::prelude::*;
use pushguard::shop::{
    account::policy::Policy,
    gateway::{EntryKind, Gateway, Invoice, LedgerEntry, Session, SessionState},
    money::{Amount, Currency},
    order::{
        Buyer, Order, Review, Status,
        ledger::{fresh, merge, sum_up},
        settle::apply_entries,
    },
    webhook::Event,
};

/// An order of ten dollars that is paid at Stripe.
pub fn order() -> Order {
    let price = Amount::new(1_000, Currency::parse("USD").expect("dollars")).expect("an amount");
    Order {
        account_id: 1,
        seq: 0,
        id: "order".into(),
        revision: 1,
        payment_id: None,
        product_id: "pay".into(),
        product_title: "The app".into(),
        buyer: Buyer::default(),
        price,
        quantity: 1,
        gateway: Gateway::parse("stripe").expect("a gateway"),
        confirmations_needed: 0,
        risk_level: 0,
        status: Status::Unpaid,
        item: None,
        delivery: None,
        origin: String::new(),
        delivered: None,
        accepted: false,
        review: Review::None,
        downloads: 0,
        abandoned_at: None,
        usd_value: Some(price),
        exchange_rate: None,
        invoice: Invoice::default(),
        session: Some(Session {
            id: "cs_1".into(),
            url: "https://stripe.example/".into(),
            expires_at: None,
            state: SessionState::Open,
            past: Vec::new(),
        }),
        paid_value: 0,
        refunded_value: 0,
        wrong_currency: false,
        inquiry: false,
        policy: Policy::default(),
        custom: None,
        return_url: None,
        webhook_url: None,
        webhook_dialect: Default::default(),
        product_seq: None,
        custom_names: None,
        transaction_id: None,
        disputed_at: None,
        product: None,
        test: false,
        sync_generation: 1,
        sync_lease: None,
        paid_at: None,
        created_at: 1,
        updated_at: 1,
    }
}

/// An order with all that is known of it, and how often it was told as paid.
struct Told {
    order: Order,
    known: Vec<LedgerEntry>,
    paid: usize,
}

impl Told {
    fn nothing() -> Told {
        Told { order: order(), known: Vec::new(), paid: 0 }
    }

    /// Hears of these at once. Every step must be one of the table's.
    fn hear(&mut self, seen: &[LedgerEntry], now: i64) -> Result<(), TestCaseError> {
        let Some(change) = apply_entries(&self.order, &self.known, seen, now) else {
            prop_assert!(fresh(&self.known, seen).is_empty());
            return Ok(());
        };
        self.known = merge(&self.known, &fresh(&self.known, seen));
        for (step, events) in change.steps {
            let (from, to) = (self.order.status, step.status);
            prop_assert!(from == to || from.may_become(to), "{from:?} to {to:?} by {seen:?}");
            if from == Status::Completed {
                prop_assert!(matches!(to, Status::Completed | Status::Reversed | Status::Refunded));
            }
            self.paid += events.iter().filter(|event| **event == Event::OrderPaid).count();
            self.order = step;
        }
        Ok(())
    }

    fn end(&self) -> (Status, [i64; 2], [bool; 3], Option<SessionState>, usize) {
        let Order { status, paid_value, refunded_value, wrong_currency, inquiry, paid_at, session, .. } = &self.order;
        let flags = [*wrong_currency, *inquiry, paid_at.is_some()];
        let state = session.as_ref().map(|session| session.state);
        (*status, [*paid_value, *refunded_value], flags, state, self.paid)
    }
}

/// Few payments, disputes and sums, so that they meet.
fn movement() -> impl Strategy<Value = LedgerEntry> {
    const KINDS: [EntryKind; 17] = [
        EntryKind::Paid,
        EntryKind::Paid,
        EntryKind::Paid,
        EntryKind::Pending,
        EntryKind::Failed,
        EntryKind::Declined,
        EntryKind::Refunded,
        EntryKind::RefundFailed,
        EntryKind::Reversed,
        EntryKind::ReversalCanceled,
        EntryKind::Inquiry,
        EntryKind::DisputeOpened,
        EntryKind::DisputeWon,
        EntryKind::DisputeLost,
        EntryKind::DisputeSettled,
        EntryKind::DisputeClosed,
        EntryKind::WrongCurrency,
    ];
    (
        prop::sample::select(KINDS.to_vec()),
        0_u8..3,
        0_u8..3,
        prop::sample::select(vec![0_i64, 1, 400, 500, 600, 1_000, 1_500]),
        0_i64..4,
    )
        .prop_map(|(kind, id, of, value, at)| LedgerEntry {
            id: format!("id{id}"),
            kind,
            of: format!("of{of}"),
            value,
            at,
            card: None,
        })
}

/// What a gateway says: each thing under an id of its own. And an order in which it comes, with repetitions, cut into pieces.
fn told() -> impl Strategy<Value = (Vec<LedgerEntry>, Vec<usize>, Vec<bool>)> {
    prop::collection::vec(movement(), 1..8).prop_map(|all| fresh(&[], &all)).prop_flat_map(|all| {
        let places: Vec<usize> = (0..all.len()).flat_map(|n| [n, n, n]).collect();
        let cuts = prop::collection::vec(any::<bool>(), places.len());
        (Just(all), Just(places).prop_shuffle(), cuts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_end_does_not_depend_on_order_repetition_or_pieces((all, places, cuts) in told()) {
        let mut at_once = Told::nothing();
        at_once.hear(&all, 5)?;
        let mut one_by_one = Told::nothing();
        for movement in &all {
            one_by_one.hear(std::slice::from_ref(movement), 5)?;
        }
        let mut shuffled = Told::nothing();
        let mut piece = Vec::new();
        for (place, cut) in places.iter().zip(cuts) {
            piece.push(all[*place].clone());
            if cut {
                shuffled.hear(&piece, 5)?;
                piece.clear();
            }
        }
        shuffled.hear(&piece, 5)?;
        prop_assert_eq!(one_by_one.end(), at_once.end(), "one by one");
        prop_assert_eq!(shuffled.end(), at_once.end(), "shuffled, each three times");
        // The end is what the books say, and nothing of how it came about.
        let books = sum_up(order().price, &all);
        prop_assert_eq!((books.status, books.paid), (at_once.order.status, at_once.order.paid_value));
        let whole = all.iter().any(|it| it.kind == EntryKind::Paid && it.value >= 1_000);
        prop_assert_eq!(at_once.paid, usize::from(whole), "told as paid once, whatever became of it");
    }

    #[test]
    fn what_was_heard_before_is_nothing_new((all, ..) in told()) {
        let mut told = Told::nothing();
        told.hear(&all, 5)?;
        let end = told.end();
        for movement in &all {
            prop_assert!(apply_entries(&told.order, &told.known, std::slice::from_ref(movement), 6).is_none());
        }
        prop_assert!(apply_entries(&told.order, &told.known, &all, 6).is_none());
        prop_assert_eq!(told.end(), end);
    }
}

fn said(kind: EntryKind, id: &str, of: &str, value: i64) -> LedgerEntry {
    LedgerEntry { id: id.into(), kind, of: of.into(), value, at: 1, card: None }
}

fn status(movements: &[LedgerEntry]) -> i64 {
    sum_up(order().price, movements).status.code()
}

#[test]
fn each_thing_that_gateways_say_has_its_status() {
    use EntryKind::*;
    let paid = said(Paid, "p", "p", 1_000);
    for (also, expected) in [
        (vec![], 100),
        (vec![said(Refunded, "r", "p", 999)], 100),
        (vec![said(Refunded, "r", "p", 999), said(Refunded, "r2", "p", 1)], 56),
        (vec![said(Refunded, "r", "p", 1_000), said(RefundFailed, "r", "p", 1_000)], 100),
        (vec![said(Reversed, "v", "p", 250)], 100),
        (vec![said(Reversed, "v", "p", 1_000)], 51),
        (vec![said(Reversed, "v", "p", 600), said(Refunded, "r", "p", 400)], 51),
        (vec![said(Reversed, "v", "p", 1_000), said(ReversalCanceled, "c", "p", 1_000)], 100),
        (vec![said(Reversed, "v", "p", 1_000), said(ReversalCanceled, "c", "p", 0)], 100),
        (vec![said(Reversed, "v", "q", 1_000), said(ReversalCanceled, "c", "p", 0)], 51),
        (vec![said(Inquiry, "d", "p", 0)], 100),
        (vec![said(Inquiry, "d", "p", 0), said(DisputeOpened, "d", "p", 250)], 51),
        (vec![said(DisputeOpened, "d", "p", 250)], 51),
        (vec![said(DisputeOpened, "d", "p", 250), said(DisputeWon, "d", "p", 0)], 100),
        (vec![said(DisputeOpened, "d", "p", 250), said(DisputeWon, "e", "p", 0)], 51),
        (vec![said(DisputeOpened, "d", "p", 250), said(DisputeLost, "d", "p", 250)], 100),
        (vec![said(DisputeLost, "d", "p", 600), said(DisputeLost, "e", "p", 400)], 51),
        (vec![said(DisputeSettled, "d", "p", 1_000)], 51),
        (vec![said(DisputeSettled, "d", "p", 600), said(Refunded, "r", "p", 600)], 100),
        (vec![said(DisputeSettled, "d", "p", 1_000), said(Refunded, "r", "p", 1_000)], 56),
        (vec![said(DisputeOpened, "d", "p", 0), said(DisputeClosed, "d", "p", 0), said(Reversed, "v", "p", 1_000)], 51),
        (vec![said(DisputeOpened, "d", "p", 0), said(Refunded, "r", "p", 1_000)], 56),
        (vec![said(Pending, "q", "q", 0)], 100),
        (vec![said(Failed, "q", "q", 0)], 100),
        (vec![said(WrongCurrency, "s", "s", 0)], 100),
    ] {
        let mut all = vec![paid.clone()];
        all.extend(also);
        assert_eq!(status(&all), expected, "{all:?}");
    }
    assert_eq!(status(&[]), 0);
    assert_eq!(status(&[said(Pending, "p", "p", 0)]), 55);
    assert_eq!(status(&[said(Pending, "p", "p", 0), said(Failed, "f", "p", 0)]), 0);
    assert_eq!(status(&[said(Pending, "p", "p", 0), said(Failed, "f", "q", 0)]), 55, "another one failed");
    assert_eq!(status(&[said(Paid, "p", "p", 400)]), 53);
    assert_eq!(status(&[said(Paid, "p", "p", 400), said(Pending, "q", "q", 0)]), 53);
    assert_eq!(status(&[said(Paid, "p", "p", 400), said(Refunded, "r", "p", 400)]), 56);
    assert_eq!(status(&[said(WrongCurrency, "s", "s", 0)]), 0);
    assert_eq!(status(&[said(Declined, "x", "cs_1", 0)]), 0);
}

#[test]
fn parts_never_complete_an_order_whether_or_not_one_was_sent_back_before_the_next() {
    use EntryKind::*;
    let (first, again) = (said(Paid, "p", "p", 500), said(Paid, "q", "q", 500));
    assert_eq!(status(&[first.clone(), again.clone()]), 53);
    let back = said(Refunded, "r", "p", 500);
    assert_eq!(status(&[first.clone(), back.clone()]), 56);
    assert_eq!(status(&[first.clone(), back.clone(), again.clone()]), 53, "five of ten are there");
    let whole = said(Paid, "w", "w", 1_000);
    assert_eq!(status(&[first.clone(), back, again, whole.clone()]), 100);
    // And the whole that was sent back is not made good by a part.
    assert_eq!(status(&[whole.clone(), said(Refunded, "r", "w", 1_000), first.clone()]), 56);
    assert_eq!(status(&[whole.clone(), first.clone(), said(Refunded, "r", "p", 500)]), 100);
    assert_eq!(status(&[whole, first, said(Refunded, "r", "p", 500), said(Refunded, "s", "w", 999)]), 100);
}

#[test]
fn a_dispute_over_a_part_takes_nothing_back_that_was_handed_out() {
    let part = [said(EntryKind::Paid, "p", "p", 400), said(EntryKind::DisputeOpened, "d", "d", 0)];
    assert_eq!(status(&part), 53);
    let whole = [part.as_slice(), &[said(EntryKind::Paid, "p2", "p2", 1_000)]].concat();
    assert_eq!(status(&whole), 51);
}

fn at(at: i64, movement: LedgerEntry) -> LedgerEntry {
    LedgerEntry { at, ..movement }
}

#[test]
fn of_a_payment_that_was_taken_back_and_came_back_the_latest_counts_by_time() {
    use EntryKind::*;
    let (paid, won) = (said(Paid, "p", "p", 1_000), at(5, said(DisputeWon, "d", "p", 0)));
    let reversed = |id: &str, time, value| at(time, said(Reversed, id, "p", value));
    for (also, expected) in [
        (vec![reversed("v", 4, 1_000), won.clone()], 100),
        (vec![won.clone(), reversed("v", 6, 1_000)], 51),
        (vec![reversed("v", 4, 1_000), won.clone(), reversed("w", 6, 1_000)], 51),
        (vec![reversed("v", 4, 1_000), won.clone(), reversed("w", 6, 250)], 100),
        (
            vec![
                reversed("v", 4, 1_000),
                won.clone(),
                reversed("w", 6, 1_000),
                at(7, said(ReversalCanceled, "c", "p", 0)),
            ],
            100,
        ),
        (vec![reversed("v", 4, 1_000), at(5, said(DisputeSettled, "d", "p", 250))], 100),
        (vec![won.clone(), at(6, said(DisputeOpened, "d", "p", 0))], 51),
        (vec![won.clone(), at(6, said(DisputeOpened, "d", "p", 0)), at(7, said(DisputeWon, "d", "p", 0))], 100),
    ] {
        let all = [vec![paid.clone()], fresh(&[], &also)].concat();
        let backwards: Vec<LedgerEntry> = all.iter().rev().cloned().collect();
        assert_eq!((status(&all), status(&backwards)), (expected, expected), "{also:?}");
    }
}

#[test]
fn what_went_back_is_counted_once_whoever_tells_of_it() {
    use EntryKind::*;
    let back = |also: &[LedgerEntry]| sum_up(order().price, &[&[said(Paid, "p", "p", 1_000)], also].concat()).refunded;
    assert_eq!(back(&[said(Reversed, "v", "p", 250)]), 250);
    assert_eq!(back(&[said(DisputeSettled, "d", "p", 250)]), 250);
    assert_eq!(back(&[said(DisputeSettled, "d", "p", 250), said(Refunded, "r", "p", 250)]), 250);
    assert_eq!(back(&[said(DisputeSettled, "d", "p", 250), at(2, said(Reversed, "v", "p", 250))]), 250);
    assert_eq!(back(&[said(DisputeSettled, "d", "p", 250), said(Refunded, "r", "p", 400)]), 400);
    assert_eq!(back(&[said(DisputeLost, "d", "p", 250), said(Refunded, "r", "p", 250)]), 500, "Stripe tells of both");
    assert_eq!(back(&[said(DisputeOpened, "d", "p", 250)]), 0, "held, not gone");
}

#[test]
fn a_declined_payment_is_remembered_whatever_is_heard_first() {
    let pending = said(EntryKind::Pending, "p", "p", 0);
    let failed = said(EntryKind::Failed, "p", "p", 0);
    let declined = said(EntryKind::Declined, "x", "cs_1", 0);
    let state = |pieces: &[&[LedgerEntry]]| {
        let mut told = Told::nothing();
        for piece in pieces {
            told.hear(piece, 5).expect("the table's moves");
        }
        (told.order.status, told.order.session.expect("a session").state)
    };
    let both = [pending.clone(), failed.clone()];
    for pieces in [vec![both.as_slice()], vec![&both[..1], &both[1..]], vec![&both[1..], &both[..1]]] {
        assert_eq!(state(&pieces), (Status::Unpaid, SessionState::Spent));
    }
    assert_eq!(state(&[std::slice::from_ref(&declined)]), (Status::Unpaid, SessionState::Declined));
    assert_eq!(state(&[&[failed], &[declined]]), (Status::Unpaid, SessionState::Spent));
}
