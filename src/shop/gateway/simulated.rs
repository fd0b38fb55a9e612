//! The chain of a test account: two tables of its own, moved by `/api/v2/test/…` and by the buttons on a test page.
//! It stands behind the same trait as a gateway with a real chain, so everything after the sync is the same code.

use super::{
    ChainSnapshot, Coin, GatewayContext, Observation, Output, PaymentGateway, PaymentPrompt, PaymentRecord,
    PaymentRequest, PaymentTarget, Reservation, SyncError,
    hd::KeyError,
    wallet::{self, Held, Source},
};
use crate::{
    platform::{LocalBoxFuture, Network, Row, Statement},
    shop::Outcome,
};

/// Where a simulated chain starts: high enough that transactions can be made with confirmations on them.
const START_HEIGHT: i64 = 100_000;

/// A coin's chain for test accounts. Its addresses are written for a test network, so that no real coin can be sent to one.
pub struct Simulated(pub &'static dyn PaymentGateway);

impl PaymentGateway for Simulated {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn slug(&self) -> &'static str {
        self.0.slug()
    }

    fn coin(&self) -> Option<&'static Coin> {
        self.0.coin()
    }

    fn network(&self, _context: GatewayContext<'_>) -> Network {
        Network::Testnet
    }

    fn keys(&self) -> &'static str {
        self.0.keys()
    }

    fn takes_address(&self) -> bool {
        self.0.takes_address()
    }

    fn max_confirmations(&self) -> u32 {
        self.0.max_confirmations()
    }

    fn wallet(&self, network: Network, text: &str) -> Result<Source, KeyError> {
        self.0.wallet(network, text)
    }

    fn address(&self, network: Network, held: &Held, index: u32) -> Result<String, KeyError> {
        self.0.address(network, held, index)
    }

    fn least(&self, held: &Held) -> u64 {
        self.0.least(held)
    }

    fn reserve(&self, account_id: i64, taker: &Reservation<'_>) -> Vec<Statement> {
        self.0.reserve(account_id, taker)
    }

    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        _draft: PaymentRequest<'a>,
        reserved: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move { Ok(PaymentPrompt::Address(wallet::reserved(context, self, reserved)?)) })
    }

    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            let account_id = context.account.id;
            let [tip, outputs] = context
                .account
                .db(context.app)?
                .batch([
                    height(account_id),
                    Statement::new(
                        "SELECT txid, value, height FROM simulated_transactions WHERE account_id = ?1 AND address = ?2 LIMIT 100",
                        vec![account_id.into(), (&order.invoice.address).into()],
                    ),
                ])
                .await?;
            let tip = match tip.first() {
                Some(row) => row.count()?,
                None => START_HEIGHT as u32,
            };
            let read = |row: &Row| {
                row.read(|row| {
                    let (txid, value, height) = (row.text(), row.units(), row.maybe_int());
                    Ok(Output {
                        txid,
                        vout: 0,
                        value,
                        height: height.and_then(|height| u32::try_from(height).ok()),
                        time: None,
                    })
                })
            };
            let mut outputs = outputs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            // What was once taken for the order's stays so: it is no longer missing.
            let is_known = |output: &Output| known.receipts.iter().any(|receipt| receipt.txid == output.txid);
            outputs.retain(|output| order.invoice.matches(output.value) || is_known(output));
            Ok(Observation::Coins(ChainSnapshot {
                tip,
                outputs,
                complete: true,
                cut: false,
                cursor: order.invoice.cursor,
            }))
        })
    }

    fn url(&self, context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        self.0.url(context, order)
    }
}

/// A transaction of `value` satoshi to the address, already `confirmations` deep.
pub fn pay(account_id: i64, address: &str, txid: &str, value: u64, confirmations: u32) -> Vec<Statement> {
    vec![
        begin(account_id),
        Statement::new(
            "INSERT INTO simulated_transactions (account_id, address, txid, value, height)
             SELECT ?1, ?2, ?3, ?4, CASE WHEN ?5 > 0 THEN height - ?5 + 1 END
             FROM simulated_chains WHERE account_id = ?1",
            vec![account_id.into(), address.into(), txid.into(), value.cast_signed().into(), confirmations.into()],
        ),
    ]
}

/// `count` new blocks. The first takes in what is unconfirmed: of one address, or of the whole chain.
pub fn mine(account_id: i64, count: u32, address: Option<&str>) -> Vec<Statement> {
    vec![
        begin(account_id),
        Statement::new(
            "UPDATE simulated_transactions
             SET height = (SELECT height + 1 FROM simulated_chains WHERE account_id = ?1)
             WHERE account_id = ?1 AND height IS NULL AND (?2 IS NULL OR address = ?2)",
            vec![account_id.into(), address.into()],
        ),
        Statement::new(
            "UPDATE simulated_chains SET height = height + ?2 WHERE account_id = ?1",
            vec![account_id.into(), count.into()],
        ),
    ]
}

pub fn height(account_id: i64) -> Statement {
    Statement::new("SELECT height FROM simulated_chains WHERE account_id = ?1", vec![account_id.into()])
}

/// Takes away what is unconfirmed at the address, as a double spend does. Answers a row for each that went.
pub fn double_spend(account_id: i64, address: &str) -> Statement {
    Statement::new(
        "DELETE FROM simulated_transactions WHERE account_id = ?1 AND address = ?2 AND height IS NULL RETURNING txid",
        vec![account_id.into(), address.into()],
    )
}

fn begin(account_id: i64) -> Statement {
    Statement::new(
        "INSERT INTO simulated_chains (account_id, height) VALUES (?1, ?2) ON CONFLICT (account_id) DO NOTHING",
        vec![account_id.into(), START_HEIGHT.into()],
    )
}
