//! Chains seen through Esplora servers (Blockstream's REST interface, API.md in its repository; mempool.space speaks it
//! as well). What they say is untrusted: bounded in time and size, and a payment is only called gone when two servers
//! say so, if there are two.

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    ChainSnapshot, Observation, Output, SyncError, ask,
    servers::{self, ErrorKind, ServerError},
};
use crate::{
    json::Maybe,
    platform::{HttpRequest, LocalBoxFuture, ServerUrl},
    shop::{
        App,
        gateway::OnchainPayment,
        time::{HOUR, SECOND},
    },
};

/// What one of them is asked about.
#[derive(Clone, Copy)]
pub struct Esplora<'a> {
    pub app: &'a App,
    pub address: &'a str,
    /// Milliseconds: a wallet's address may have a past of its own, and old coins pay no new order.
    pub since: i64,
    /// There will never be more of the coin, in its smallest unit.
    pub most: u64,
}

/// Bytes of an answer. A page holds 25 confirmed transactions and up to 50 unconfirmed ones, mostly a few KB each; exchanges
/// pay hundreds of people by one.
const LIMIT: usize = 2 << 20;
/// Confirmed transactions come 25 to a page. Beyond this many pages somebody is playing with the address.
const PAGES: usize = 8;
/// Transactions of one order that are asked for one by one, where the pages are too large.
const MAX_KNOWN: usize = 32;
const NONSENSE: &str = "the transactions are not what Esplora answers";

impl<'a> Esplora<'a> {
    /// All outputs that pay the address. `base_urls` are without a trailing slash.
    pub async fn look(self, base_urls: &'a [ServerUrl], known: &'a [OnchainPayment]) -> Result<Observation, SyncError> {
        let ask = move |server: &'a ServerUrl, timeout: u32| -> LocalBoxFuture<'a, _> {
            Box::pin(Server { esplora: self, server, timeout }.ask(known))
        };
        let mut seen = servers::sync(self.app, base_urls, self.address, known, &ask, merge).await?;
        // As in `merge`, where the other can't be asked.
        if seen.lacks(known) && !seen.complete {
            seen.keep(known, &|output| output.height.is_some());
        }
        Ok(Observation::Coins(seen))
    }
}

/// What two servers saw together. The higher tip is the truer one; where they differ on an output, the one that has it
/// in a block has heard more.
///
/// While one still has a payment that the other has no more, what only one of them has besides may be what replaced it: the same coins
/// are not counted twice, and it waits until both know it or a block has it.
fn merge(mut a: ChainSnapshot, mut b: ChainSnapshot, known: &[OnchainPayment]) -> ChainSnapshot {
    if known.iter().any(|receipt| !receipt.gone && a.has(&receipt.txid) != b.has(&receipt.txid)) {
        let before = a.clone();
        a.keep(known, &|output| output.height.is_some() || b.has(&output.txid));
        b.keep(known, &|output| output.height.is_some() || before.has(&output.txid));
    }
    let mut outputs = b.outputs;
    for output in a.outputs {
        match outputs.iter_mut().find(|known| known.txid == output.txid && known.vout == output.vout) {
            Some(known) if known.height.is_none() => *known = output,
            Some(_) => {}
            None => outputs.push(output),
        }
    }
    ChainSnapshot {
        tip: a.tip.max(b.tip),
        outputs,
        complete: a.complete && b.complete,
        cut: a.cut || b.cut,
        cursor: None,
    }
}

/// One of them, asked by one sync.
#[derive(Clone, Copy)]
struct Server<'a> {
    esplora: Esplora<'a>,
    server: &'a ServerUrl,
    /// Milliseconds for each answer.
    timeout: u32,
}

impl Server<'_> {
    async fn ask(self, known: &[OnchainPayment]) -> Result<ChainSnapshot, ServerError> {
        // The tip first: a block that comes in between then only makes a payment look one confirmation younger.
        let tip = self.get("/blocks/tip/height").await?;
        let tip = std::str::from_utf8(&tip)
            .ok()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .ok_or("the tip is not a number")?;
        let mut sighting = ChainSnapshot { tip, ..ChainSnapshot::default() };
        match self.pages(&mut sighting, "/txs", 25).await {
            Err(no) if no.kind == ErrorKind::TooLarge => self.piecemeal(&mut sighting, known).await?,
            other => other?,
        }
        Ok(sighting)
    }

    /// All transactions of the address from one of its lists on. A list that holds `full` confirmed ones has a next page.
    async fn pages(self, sighting: &mut ChainSnapshot, list: &str, full: usize) -> Result<(), ServerError> {
        let address = self.esplora.address;
        let mut path = format!("/address/{address}{list}");
        for _ in 0..PAGES {
            let mut confirmed = 0;
            let mut last = None;
            for tx in self.list::<Transaction>(&path).await? {
                let (txid, height) = take(sighting, tx, self.esplora).ok_or(NONSENSE)?;
                confirmed += usize::from(height.is_some());
                last = Some(txid);
            }
            match last {
                Some(last) if confirmed >= full => path = format!("/address/{address}/txs/chain/{last}"),
                _ => {
                    sighting.complete = true;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Where the first page is too large: what is unspent, which has no other people's outputs in it; what was seen before and
    /// isn't there, one by one; and the lists in smaller pieces, as far as these can be read. What came and was spent again
    /// between two syncs stands in the lists alone.
    async fn piecemeal(self, sighting: &mut ChainSnapshot, known: &[OnchainPayment]) -> Result<(), ServerError> {
        for output in self.list::<Unspent>(&format!("/address/{}/utxo", self.esplora.address)).await? {
            take_unspent(sighting, output, self.esplora).ok_or(NONSENSE)?;
        }
        for (list, full) in [("/txs/mempool", usize::MAX), ("/txs/chain", 25)] {
            match self.pages(sighting, list, full).await {
                Err(no) if no.kind == ErrorKind::TooLarge => sighting.cut = true,
                other => other?,
            }
        }
        let spent = known.iter().filter(|receipt| !receipt.gone && is_txid(&receipt.txid));
        let spent: Vec<&OnchainPayment> =
            spent.filter(|receipt| !sighting.has(&receipt.txid)).take(MAX_KNOWN).collect();
        for receipt in spent {
            if let Some(height) = self.height_of(&receipt.txid, sighting.tip).await? {
                let (txid, vout, value) = (receipt.txid.clone(), receipt.vout, receipt.value);
                sighting.outputs.push(Output { txid, vout, value, height, time: None });
            }
        }
        sighting.complete = true;
        Ok(())
    }

    /// The height of a transaction's block, if it has one; `None` when there is no such transaction.
    async fn height_of(self, txid: &str, tip: u32) -> Result<Option<Option<u32>>, ServerError> {
        let found = |no: ServerError| if no.kind == ErrorKind::NotFound { Ok(None) } else { Err(no) };
        let status: Status = match self.get(&format!("/tx/{txid}/status")).await {
            Ok(status) => ask::read(&status).ok_or(NONSENSE)?,
            Err(no) => return found(no),
        };
        if let (Some(height), _) = status.block(tip).ok_or(NONSENSE)? {
            return Ok(Some(Some(height)));
        }
        // Some say of a transaction that they don't have that it is unconfirmed.
        match self.get(&format!("/tx/{txid}")).await {
            Ok(_) => Ok(Some(None)),
            Err(no) if no.kind == ErrorKind::TooLarge => Ok(Some(None)),
            Err(no) => found(no),
        }
    }

    async fn list<T: DeserializeOwned>(self, path: &str) -> Result<Vec<T>, ServerError> {
        Ok(ask::read(&self.get(path).await?).ok_or(NONSENSE)?)
    }

    async fn get(self, path: &str) -> Result<Vec<u8>, ServerError> {
        let request = HttpRequest { timeout: self.timeout, limit: LIMIT, ..ask::call(self.server.at(path), None) };
        Ok(ask::bytes(self.esplora.app, request).await?)
    }
}

/// A miner's clock may be this far off (consensus allows two hours).
const CLOCKS: i64 = 2 * HOUR;

fn is_txid(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A transaction (API.md, "Transaction format").
#[derive(Deserialize)]
struct Transaction {
    txid: Txid,
    status: Status,
    vout: Vec<TransactionOutput>,
}

#[derive(Deserialize)]
struct TransactionOutput {
    /// Outputs without an address (OP_RETURN) pay nobody.
    #[serde(default)]
    scriptpubkey_address: Maybe<String>,
    #[serde(default)]
    value: Maybe<u64>,
}

/// An output that was not spent (API.md, `GET /address/:address/utxo`).
#[derive(Deserialize)]
struct Unspent {
    txid: Txid,
    status: Status,
    vout: u32,
    value: u64,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Txid(String);

impl TryFrom<String> for Txid {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Txid, &'static str> {
        if is_txid(&text) { Ok(Txid(text)) } else { Err(NONSENSE) }
    }
}

/// Where a transaction stands. The block's fields are there once it has one.
#[derive(Deserialize)]
struct Status {
    confirmed: bool,
    #[serde(default)]
    block_height: Maybe<u32>,
    /// Seconds since 1970.
    #[serde(default)]
    block_time: Maybe<i64>,
}

impl Status {
    /// The height and the time of the block that it names; `None` when the height can't be.
    fn block(&self, tip: u32) -> Option<(Option<u32>, Option<i64>)> {
        if !self.confirmed {
            return Some((None, None));
        }
        // Blocks may have come since the tip was asked for, but not many.
        let height = self.block_height.filter(|height| *height <= tip.saturating_add(10))?;
        Some((Some(height), self.block_time.map(|time| time.saturating_mul(SECOND))))
    }
}

/// Notes the outputs of one transaction that pay the address; answers its txid and height. `None`: it isn't one.
fn take(sighting: &mut ChainSnapshot, tx: Transaction, esplora: Esplora<'_>) -> Option<(String, Option<u32>)> {
    let Txid(txid) = tx.txid;
    let (height, time) = tx.status.block(sighting.tip)?;
    for (vout, output) in (0..).zip(&tx.vout) {
        if output.scriptpubkey_address.as_deref() == Some(esplora.address) {
            let value = (*output.value)?;
            note(sighting, Output { txid: txid.clone(), vout, value, height, time }, esplora)?;
        }
    }
    Some((txid, height))
}

/// Notes an entry of a list of unspent outputs.
fn take_unspent(sighting: &mut ChainSnapshot, entry: Unspent, esplora: Esplora<'_>) -> Option<()> {
    let Unspent { txid: Txid(txid), status, vout, value } = entry;
    let (height, time) = status.block(sighting.tip)?;
    note(sighting, Output { txid, vout, value, height, time }, esplora)
}

/// Notes an output once, unless it is older than the order. `None`: there are not so many coins.
fn note(sighting: &mut ChainSnapshot, output: Output, Esplora { since, most, .. }: Esplora<'_>) -> Option<()> {
    if output.time.is_some_and(|time| time < since - CLOCKS) {
        return Some(());
    }
    if output.value > most {
        return None;
    }
    let again = sighting.outputs.iter().any(|seen| seen.txid == output.txid && seen.vout == output.vout);
    if !again {
        sighting.outputs.push(output);
    }
    Some(())
}
