//! A note on an order, for its seller: a line of its history. The order stays as it is.

use crate::{
    platform::Statement,
    shop::{
        App, Outcome, Refusal,
        account::Account,
        order::{
            Status,
            history::{self, Action, Actor, Cause, Entry},
        },
        prepared::Prepared,
    },
};

pub fn note(app: &App, account: &Account, order_id: &str, note: String) -> Outcome<Prepared<Entry>> {
    let cause = Cause::of(Actor::Seller, Action::Note).noting(note);
    let there = Statement::guard(
        "EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?2)",
        vec![account.id.into(), order_id.into()],
    );
    let line = history::note_if(account.id, order_id, &cause, app.now(), "TRUE", "");
    let entry = Entry {
        at: app.now(),
        from: Status::Unpaid,
        to: Status::Unpaid,
        actor: cause.actor,
        action: cause.action,
        note: cause.note,
    };
    Ok(Prepared::new(account.db(app)?, entry, vec![there, line]).on_stale(Refusal::NotFound))
}
