//! What a JSON-RPC server says of an order (the execution API, github.com/ethereum/execution-apis): several questions in one
//! HTTP request. What comes back is untrusted: bounded in time and size, and numbers that can't be are nonsense.

use serde::Deserialize;

use super::{
    super::{ChainSnapshot, GatewayContext, Output, servers::ServerError},
    rpc::{NONSENSE, Param, RpcAnswer, RpcCall, batch, said},
};
use crate::{
    json::Maybe,
    platform::{Fault, ServerUrl},
    shop::{
        App,
        gateway::{OnchainPayment, PaymentTarget, record},
        time::SECOND,
    },
};

/// Wei for one unit of ours, 10⁻⁸ ether.
pub const WEI: u128 = 10_000_000_000;
/// 90 million ether, in our units: no address that anybody pays has so much, and D1 holds it exactly.
const MAX: u64 = 9_000_000_000_000_000;

/// Milliseconds, while a buyer waits for an address.
pub const HASTE: u32 = 3_000;
/// Blocks asked for at once, and how often in one sync.
const BLOCKS: u32 = 5;
const READS: u32 = 10;
/// Blocks that may still be replaced by others are read once more. Of Ethereum's none so deep ever was.
const DEEP: u32 = 6;
/// Nothing below two epochs is ever reorganised, and servers keep the state of 128 blocks only.
const FINAL: u32 = 64;
/// One order's transactions that are asked about.
const MAX_KNOWN: usize = 32;
/// Milliseconds from one block to the next.
const SLOT: i64 = 12 * SECOND;

/// One server, asked about one order.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub context: GatewayContext<'a>,
    pub server: &'a ServerUrl,
    /// Milliseconds for each answer.
    pub timeout: u32,
    pub order: PaymentTarget<'a>,
    pub known: &'a [OnchainPayment],
}

/// Height of the newest block, and what the address holds.
pub async fn now(app: &App, server: &ServerUrl, timeout: u32, address: &str) -> Result<(u32, u64), ServerError> {
    let mut view = view(app, server, timeout, vec![of("eth_getBalance", address, None)]).await?;
    let held = view.next_coins().ok_or_else(|| view.said(NONSENSE))?;
    Ok((view.tip, held))
}

/// The newest block below this tip that stays.
pub fn settled(tip: u32) -> u32 {
    tip.saturating_sub(DEEP).max(1)
}

impl Node<'_> {
    /// A chain seen as a balance: what the order's own address holds beyond what it held before. One request.
    ///
    /// A receipt is a rise of the balance, named after the block at which it was first seen, and
    /// each sync asks what the address held at that block: if it held less, the block was
    /// reorganised. So what the seller moves on later, which lowers only the newest balance, takes
    /// nothing away. (What they move on while more is to come hides as much of that.)
    pub async fn balance(self) -> Result<ChainSnapshot, ServerError> {
        let invoice = self.order.invoice;
        let mut living: Vec<&OnchainPayment> = self.known.iter().filter(|receipt| !receipt.gone).collect();
        living.sort_by_key(|receipt| receipt.height);
        living.truncate(MAX_KNOWN);
        let held = |at| of("eth_getBalance", &invoice.address, at);
        let mut calls = vec![held(None)];
        calls.extend(living.iter().map(|receipt| held(receipt.height)));
        let mut view = view(self.context.app, self.server, self.timeout, calls).await?;
        let tip = view.tip;
        let newest = view.next_coins().ok_or_else(|| view.said(NONSENSE))?;
        let mut level = invoice.held_before;
        let mut sighting = ChainSnapshot { tip, complete: true, ..ChainSnapshot::default() };
        for (receipt, then) in living.into_iter().zip(view.answers.by_ref().collect::<Vec<_>>()) {
            let reached = level.saturating_add(receipt.value);
            let at = receipt.height.unwrap_or(tip);
            let stands = match then.read().and_then(Quantity::coins) {
                Some(held) => held >= reached,
                None if tip.saturating_sub(at) >= FINAL => true,
                None => return Err(view.said("it does not know what an address held")),
            };
            let height = match () {
                () if stands => at,
                () if newest >= reached => tip,
                () => continue,
            };
            level = reached;
            sighting.outputs.push(Output { height: Some(height), ..output(receipt) });
        }
        let value = newest.saturating_sub(level);
        if value > 0 {
            let vout = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            sighting.outputs.push(Output { txid: format!("block {tip}"), vout, value, height: Some(tip), time: None });
        }
        Ok(sighting)
    }

    /// A chain read block by block, for payments to an address that all orders share. Blocks are read only when the address
    /// has moved since the last sync: from one block to another it holds the same and has sent nothing, so nothing came. One
    /// request then.
    pub async fn blocks(self) -> Result<ChainSnapshot, ServerError> {
        let invoice = self.order.invoice;
        let known: Vec<&OnchainPayment> = self.known.iter().rev().take(MAX_KNOWN).collect();
        let mark = invoice.cursor.filter(|mark| *mark > 0);
        let held = |at| ["eth_getBalance", "eth_getTransactionCount"].map(|method| of(method, &invoice.address, at));
        let mut calls = match mark {
            Some(mark) => [held(Some(mark)), held(None)].concat(),
            None => Vec::new(),
        };
        let moves = calls.len();
        calls.extend(known.iter().map(|receipt| receipt_of(&receipt.txid)));
        let View { tip, mut answers, .. } = view(self.context.app, self.server, self.timeout, calls).await?;
        let then: Vec<Quantity> = answers.by_ref().take(moves).filter_map(|answer| answer.read()).collect();
        let is_still = matches!(then.as_slice(), [held, sent, holds, sends] if held == holds && sent == sends);
        let mut sighting = ChainSnapshot { tip, complete: true, ..ChainSnapshot::default() };
        for (receipt, answer) in known.into_iter().zip(answers) {
            sighting.outputs.extend(included(&answer).map(|height| Output { height: Some(height), ..output(receipt) }));
        }
        let from = mark.unwrap_or_else(|| {
            let slots = (self.context.app.now() - self.order.created_at).max(0) / SLOT;
            tip.saturating_sub(u32::try_from(slots).unwrap_or(u32::MAX)).saturating_sub(DEEP)
        });
        let read = if is_still { tip.max(from) } else { self.read(from, tip, &mut sighting.outputs).await? };
        // Where nothing has moved, the mark is moved on now and then only: that is a write.
        let read =
            if read == tip && tip.saturating_sub(from) < FINAL && sighting.outputs.is_empty() { from } else { read };
        sighting.cursor = Some(read.min(settled(tip)).max(from));
        Ok(sighting)
    }

    /// Reads on from a block to the tip, as far as one sync goes. Answers how far it came.
    async fn read(self, from: u32, tip: u32, outputs: &mut Vec<Output>) -> Result<u32, ServerError> {
        let mut read = from;
        let mut fresh = Vec::new();
        for _ in 0..READS {
            let last = read.saturating_add(BLOCKS).min(tip);
            let block = |height: u32| vec![Param::Text(format!("{height:#x}")), Param::Flag(true)];
            let calls: Vec<RpcCall> = (read + 1..=last)
                .map(|height| RpcCall { method: "eth_getBlockByNumber", params: block(height) })
                .collect();
            if calls.is_empty() {
                break;
            }
            for block in self.batch(&calls).await? {
                // It lags behind its own tip, or gives no more at a time. Where nothing is gained by it, another node may know.
                if block.is_nothing() {
                    if read.min(settled(tip)) <= from {
                        return Err("it lacks a block that it told of".into());
                    }
                    break;
                }
                let block: Block = block.read().ok_or(NONSENSE)?;
                if block.number.height() != Some(read + 1) {
                    return Err(NONSENSE.into());
                }
                let time = block.timestamp.and_then(|Quantity(time)| i64::try_from(time).ok());
                let time = time.map(|time| time.saturating_mul(SECOND));
                for transaction in &block.transactions {
                    if let Some((hash, value)) = self.pays(transaction)
                        && !outputs.iter().any(|output| output.txid == hash)
                    {
                        fresh.push((hash, value, time));
                    }
                }
                read += 1;
            }
            if read < last {
                break;
            }
        }
        if fresh.is_empty() {
            return Ok(read);
        }
        // Their amounts repeat once an order is over.
        let txids = fresh.iter().map(|(txid, ..)| txid);
        let others = record::taken_by_others(self.order.account_id, self.order.order_id, txids);
        let db = self.context.account.db(self.context.app).map_err(|Fault(why)| why)?;
        let [reserved] = db.batch([others]).await.map_err(|Fault(why)| why)?;
        for row in reserved {
            let reserved = row.read(|row| Ok(row.text())).map_err(|Fault(why)| why)?;
            fresh.retain(|(txid, ..)| *txid != reserved);
        }
        fresh.truncate(MAX_KNOWN);
        // A transaction that failed is in a block as well.
        let calls: Vec<RpcCall> = fresh.iter().map(|(hash, ..)| receipt_of(hash)).collect();
        for ((txid, value, time), answer) in fresh.into_iter().zip(self.batch(&calls).await?) {
            if answer.is_nothing() {
                return Err("it has a transaction without a receipt".into());
            }
            let height = included(&answer);
            outputs.extend(height.map(|height| Output { txid, vout: 0, value, height: Some(height), time }));
        }
        Ok(read)
    }

    /// The hash and value of a transaction that can only be this order's.
    fn pays(self, transaction: &Transaction) -> Option<(String, u64)> {
        let invoice = self.order.invoice;
        if !transaction.to.as_ref()?.eq_ignore_ascii_case(&invoice.address) {
            return None;
        }
        let amount = (*transaction.value)?;
        let value = amount.coins().filter(|value| amount.0 % WEI == 0 && invoice.matches(*value))?;
        let hash = transaction.hash.as_deref()?;
        let is_hash = hash.len() == 66 && hash.bytes().skip(2).all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| (hash.to_ascii_lowercase(), value))
    }

    async fn batch(self, calls: &[RpcCall]) -> Result<Vec<RpcAnswer>, ServerError> {
        Ok(batch(self.context.app, self.server, self.timeout, calls).await?.0)
    }
}

fn output(receipt: &OnchainPayment) -> Output {
    Output { txid: receipt.txid.clone(), vout: receipt.vout, value: receipt.value, height: receipt.height, time: None }
}

/// A question about an address as it was at a block, or is at the newest.
fn of(method: &'static str, address: &str, at: Option<u32>) -> RpcCall {
    let block = at.map_or_else(|| "latest".into(), |height| format!("{height:#x}"));
    RpcCall { method, params: vec![Param::Text(address.to_owned()), Param::Text(block)] }
}

fn receipt_of(hash: &str) -> RpcCall {
    RpcCall { method: "eth_getTransactionReceipt", params: vec![Param::Text(hash.to_owned())] }
}

/// The block of a receipt whose transaction did what it was to do.
fn included(receipt: &RpcAnswer) -> Option<u32> {
    let receipt: Receipt = receipt.read()?;
    (receipt.status == Quantity(1)).then(|| receipt.block_number.height()).flatten()
}

/// A block with its whole transactions (`eth_getBlockByNumber`).
#[derive(Deserialize)]
struct Block {
    number: Quantity,
    /// Seconds since 1970.
    #[serde(default)]
    timestamp: Maybe<Quantity>,
    transactions: Vec<Transaction>,
}

/// What is read of a transaction. One that makes a contract goes to nobody.
#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    to: Maybe<String>,
    #[serde(default)]
    value: Maybe<Quantity>,
    #[serde(default)]
    hash: Maybe<String>,
}

/// What came of a transaction (`eth_getTransactionReceipt`). Status 1: it did what it was to do.
#[derive(Deserialize)]
struct Receipt {
    status: Quantity,
    #[serde(rename = "blockNumber")]
    block_number: Quantity,
}

/// `0x` and hex digits, without more of them than a number of wei can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Quantity(u128);

impl TryFrom<String> for Quantity {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Quantity, &'static str> {
        let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty());
        let number = digits.and_then(|digits| {
            digits.chars().try_fold(0_u128, |number, digit| {
                let digit = digit.to_digit(16)?;
                (number >> 124 == 0).then_some(number << 4 | u128::from(digit))
            })
        });
        number.map(Quantity).ok_or("not a quantity")
    }
}

impl Quantity {
    fn height(self) -> Option<u32> {
        u32::try_from(self.0).ok().filter(|height| *height < u32::MAX)
    }

    /// Wei in our units, rounded down.
    fn coins(self) -> Option<u64> {
        u64::try_from(self.0 / WEI).ok().filter(|units| *units <= MAX)
    }
}

/// What one server says at one time.
struct View {
    /// Height of the newest block. Asked last: where the calls go in several requests, what was seen before is in it.
    tip: u32,
    answers: std::vec::IntoIter<RpcAnswer>,
    /// The server's own words for a call that it did not answer.
    said: Option<String>,
}

impl View {
    /// The next answer, where it is what an address holds.
    fn next_coins(&mut self) -> Option<u64> {
        self.answers.next()?.read().and_then(Quantity::coins)
    }

    fn said(&self, why: &str) -> ServerError {
        said(why, self.said.as_deref())
    }
}

/// Whose chain it is, how high that is, and the answers to the calls: all of one request, if the server takes as many.
async fn view(app: &App, server: &ServerUrl, timeout: u32, mut calls: Vec<RpcCall>) -> Result<View, ServerError> {
    let [chain, tip] = ["eth_chainId", "eth_blockNumber"].map(|method| RpcCall { method, params: Vec::new() });
    calls.insert(0, chain);
    calls.push(tip);
    let (mut answers, words) = batch(app, server, timeout, &calls).await?;
    let words = words.as_deref();
    let tip = answers.pop();
    let mut answers = answers.into_iter();
    // Coins of a test network look like any others, and have the same addresses.
    let chain = answers.next().and_then(|answer| answer.read());
    if chain != Some(Quantity(app.platform.settings.ethereum.chain_id.into())) {
        return Err(said("it is no node of this chain", words));
    }
    let tip = tip.and_then(|tip| tip.read()).and_then(Quantity::height).ok_or_else(|| said(NONSENSE, words))?;
    Ok(View { tip, answers, said: words.map(str::to_owned) })
}
