//! Addresses are used again: that of an order which nobody has paid goes back to its wallet.

use super::{
    GatewayContext, Invoice, Observation, OnchainPayment, PaymentRecord, PaymentTarget, SyncError,
    wallet::{Held, open_held},
};
use crate::platform::Statement;

/// What gives the address of an order that nobody has paid back to its wallet, for another order. `None` where the address is
/// no wallet's of the account (its seller changed the way in which its addresses are written), or all orders' one address; and
/// where it isn't known for sure that nothing ever came to it, before the order as little as since: all servers are asked.
///
/// Who pays there later still has paid the seller's wallet, and the order that has the address
/// then, if it is waiting: as a part of its price, or too much. To an order that is done with, or
/// made two hours after the payment, the coins mean nothing. Who pays so late can't be told from
/// its own buyer; that is why seven days pass first.
pub async fn give_back(context: GatewayContext<'_>, order: PaymentTarget<'_>) -> Result<Option<Statement>, SyncError> {
    let GatewayContext { app, account } = context;
    let (way, gateway) = (order.gateway.of(account), order.gateway.slug());
    let Some(index) = order.invoice.index else { return Ok(None) };
    let wallets = Statement::new(
        "SELECT identity, branch FROM wallets WHERE account_id = ?1 AND gateway = ?2",
        vec![account.id.into(), gateway.into()],
    );
    let [rows] = account.db(app)?.batch([wallets]).await?;
    for row in &rows {
        let (identity, branch) = row.read(|row| Ok((row.text(), row.text())))?;
        let held = open_held(app, account.id, &branch)?;
        let its = matches!(held, Held::Branch(_))
            && way.address(way.network(context), &held, index).is_ok_and(|text| text == order.invoice.address);
        if !its {
            continue;
        }
        let invoice = Invoice { held_before: 0, ..order.invoice.clone() };
        let anybodys = PaymentTarget { created_at: 0, invoice: &invoice, ..order };
        // One that can't be there: whoever is asked misses it, and so the next is asked as well.
        let nowhere = OnchainPayment {
            txid: String::new(),
            vout: 0,
            value: u64::MAX,
            height: None,
            gone: false,
            first_seen_at: 0,
        };
        let known = PaymentRecord { receipts: vec![nowhere], ..PaymentRecord::default() };
        let seen = way.sync(context, anybodys, &known).await?;
        let empty = matches!(seen, Observation::Coins(seen) if seen.complete && !seen.cut && seen.outputs.is_empty());
        let give = Statement::new(
            "INSERT INTO free_addresses (account_id, gateway, identity, address_index) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
            vec![account.id.into(), gateway.into(), identity.into(), index.into()],
        );
        return Ok(empty.then_some(give));
    }
    Ok(None)
}
