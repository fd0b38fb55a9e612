//! Statements and rows of a seller's settings in `shops`.

use super::{Appearance, Change, Profile, appearance};
use crate::{
    platform::{self, Fault, Row, Statement},
    shop::{
        account::{
            contact::{self, Contact},
            policy::{self, Policy},
            secret::{Sealed, Secrets},
        },
        fraud::Weights,
    },
};

pub fn shop(account_id: i64) -> Statement {
    let (columns, contact, looks) = (policy::COLUMNS, contact::COLUMNS, appearance::COLUMNS);
    Statement::new(
        format!(
            "SELECT email, shop_name, {contact}, {looks}, test, webhook_secret, webhook_secrets_old, webhook_secret_rotated_at, {columns}, risk_weights,
                    created_at, updated_at FROM shops WHERE account_id = ?1"
        ),
        vec![account_id.into()],
    )
}

/// The wallets and settings are not read yet.
pub fn profile(row: &Row, open: impl FnOnce(Sealed) -> Result<Secrets, Fault>) -> Result<Profile, Fault> {
    row.read(|row| {
        Ok(Profile {
            email: row.text(),
            shop_name: row.text(),
            contact: Contact::read(row),
            appearance: Appearance::read(row)?,
            logo: None,
            test: row.flag(),
            webhook_secrets: open(Sealed::read(row))?,
            webhook_secret_rotated_at: row.maybe_int(),
            wallets: Vec::new(),
            settings: Vec::new(),
            policy: Policy::read(row),
            risk_weights: Weights::read(&row.text()),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// Writes what the shop's own row has of a change.
pub fn touch(account_id: i64, change: &Change, now: i64) -> Statement {
    let mut args: Vec<platform::Value> = vec![account_id.into(), change.shop_name.as_deref().into(), now.into()];
    args.extend(change.policy.map(platform::Value::from));
    for address in [&change.contact_email, &change.contact_url] {
        args.extend([address.is_some().into(), address.clone().flatten().into()]);
    }
    let weights = change.risk_weights.iter();
    let weights: serde_json::Map<_, _> =
        weights.map(|(signal, weight)| (signal.name().to_owned(), (*weight).into())).collect();
    args.push(serde_json::Value::Object(weights).to_string().into());
    Statement::new(
        "UPDATE shops SET shop_name = COALESCE(?2, shop_name), updated_at = ?3,
           underpayment_per_mille = COALESCE(?4, underpayment_per_mille),
           spread_basis_points = COALESCE(?5, spread_basis_points),
           quote_minutes = COALESCE(?6, quote_minutes), watch_hours = COALESCE(?7, watch_hours),
           contact_email = CASE WHEN ?8 THEN ?9 ELSE contact_email END,
           contact_url = CASE WHEN ?10 THEN ?11 ELSE contact_url END,
           risk_weights = json_patch(risk_weights, ?12)
         WHERE account_id = ?1",
        args,
    )
}
