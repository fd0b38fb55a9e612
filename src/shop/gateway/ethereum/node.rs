//! What a JSON-RPC server says of an order (the execution API, github.com/ethereum/execution-apis): several questions in one
//! HTTP request. What comes back is untrusted: bounded in time and size, and numbers that can't be are nonsense.

use super::super::{Desk, Output, Sighting, ask};
use crate::{
    json::Value,
    shop::{
        Shop,
        order::{self, Order, facts::Receipt},
        time::SECOND,
    },
    world::{Fault, Outgoing},
};

/// Wei for one unit of ours, 10⁻⁸ ether.
pub const WEI: u128 = 10_000_000_000;
/// 90 million ether, in our units: no address that anybody pays has so much, and D1 holds it exactly.
const MOST: u64 = 9_000_000_000_000_000;

const TIMEOUT: u32 = 8_000;
/// While a buyer waits for his address.
const HASTE: u32 = 3_000;
/// A full block has a few hundred transactions of half a KB each; one that is crammed with data has some MB.
const LIMIT: usize = 12 << 20;
/// Blocks asked for at once, and how often in one look.
const BLOCKS: u32 = 5;
const READS: u32 = 10;
/// Blocks that may still be replaced by others are read once more. Of Ethereum's none so deep ever was.
const DEEP: u32 = 6;
/// Nothing below two epochs is ever reorganised, and servers keep the state of 128 blocks only.
const FINAL: u32 = 64;
/// One order's transactions that are asked about.
const MOST_KNOWN: usize = 32;
/// Milliseconds from one block to the next.
const SLOT: i64 = 12 * SECOND;
const NONSENSE: &str = "the answers are not what a node gives";

/// One server, asked about one order.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub desk: Desk<'a>,
    pub url: &'a str,
    pub order: &'a Order,
    pub known: &'a [Receipt],
}

/// Height of the newest block, and what the address holds.
pub async fn now(shop: &Shop, url: &str, address: &str) -> Result<(u32, u64), String> {
    let (tip, mut answers) = view(shop, url, HASTE, vec![of("eth_getBalance", address, None)]).await?;
    Ok((tip, answers.next().as_ref().and_then(coins).ok_or(NONSENSE)?))
}

/// The newest block below this tip that stays.
pub fn settled(tip: u32) -> u32 {
    tip.saturating_sub(DEEP).max(1)
}

impl Node<'_> {
    /// A chain seen as a balance: what the order's own address holds beyond what it held before. One request.
    ///
    /// A receipt is a rise of the balance, named after the block at which it was first seen, and each look asks what the address
    /// held at that block: if it held less, the block was reorganised. So what the seller moves on later, which lowers only
    /// the newest balance, takes nothing away. (What he moves on while more is to come hides as much of that.)
    pub async fn balance(self) -> Result<Sighting, String> {
        let invoice = &self.order.invoice;
        let mut living: Vec<&Receipt> = self.known.iter().filter(|receipt| !receipt.gone).collect();
        living.sort_by_key(|receipt| receipt.height);
        living.truncate(MOST_KNOWN);
        let held = |at| of("eth_getBalance", &invoice.address, at);
        let mut calls = vec![held(None)];
        calls.extend(living.iter().map(|receipt| held(receipt.height)));
        let (tip, mut answers) = view(self.desk.shop, self.url, TIMEOUT, calls).await?;
        let newest = answers.next().as_ref().and_then(coins).ok_or(NONSENSE)?;
        let mut level = invoice.held_before;
        let mut sighting = Sighting { tip, complete: true, ..Sighting::default() };
        for (receipt, then) in living.into_iter().zip(answers) {
            let reached = level.saturating_add(receipt.value);
            let at = receipt.height.unwrap_or(tip);
            let stands = match coins(&then) {
                Some(held) => held >= reached,
                None if tip.saturating_sub(at) >= FINAL => true,
                None => return Err("it does not know what an address held".into()),
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
    /// has moved since the last look: from one block to another it holds the same and has sent nothing, so nothing came. One
    /// request then.
    pub async fn blocks(self) -> Result<Sighting, String> {
        let invoice = &self.order.invoice;
        let known: Vec<&Receipt> = self.known.iter().rev().take(MOST_KNOWN).collect();
        let mark = invoice.cursor.filter(|mark| *mark > 0);
        let held = |at| ["eth_getBalance", "eth_getTransactionCount"].map(|method| of(method, &invoice.address, at));
        let mut calls = match mark {
            Some(mark) => [held(Some(mark)), held(None)].concat(),
            None => Vec::new(),
        };
        let moves = calls.len();
        calls.extend(known.iter().map(|receipt| receipt_of(&receipt.txid)));
        let (tip, mut answers) = view(self.desk.shop, self.url, TIMEOUT, calls).await?;
        let then: Vec<u128> = answers.by_ref().take(moves).filter_map(|answer| quantity(&answer)).collect();
        let is_still = matches!(then.as_slice(), [held, sent, holds, sends] if held == holds && sent == sends);
        let mut sighting = Sighting { tip, complete: true, ..Sighting::default() };
        for (receipt, answer) in known.into_iter().zip(answers) {
            sighting.outputs.extend(included(&answer).map(|height| Output { height: Some(height), ..output(receipt) }));
        }
        let from = mark.unwrap_or_else(|| {
            let slots = (self.desk.shop.now() - self.order.created_at).max(0) / SLOT;
            tip.saturating_sub(u32::try_from(slots).unwrap_or(u32::MAX)).saturating_sub(DEEP)
        });
        let read = if is_still { tip.max(from) } else { self.read(from, tip, &mut sighting.outputs).await? };
        // Where nothing has moved, the mark is moved on now and then only: that is a write.
        let read =
            if read == tip && tip.saturating_sub(from) < FINAL && sighting.outputs.is_empty() { from } else { read };
        sighting.cursor = Some(read.min(settled(tip)).max(from));
        Ok(sighting)
    }

    /// Reads on from a block to the tip, as far as one look goes. Answers how far it came.
    async fn read(self, from: u32, tip: u32, outputs: &mut Vec<Output>) -> Result<u32, String> {
        let mut read = from;
        let mut fresh = Vec::new();
        for _ in 0..READS {
            let last = read.saturating_add(BLOCKS).min(tip);
            let calls: Vec<String> = (read + 1..=last)
                .map(|height| format!("\"eth_getBlockByNumber\",\"params\":[\"{height:#x}\",true]"))
                .collect();
            if calls.is_empty() {
                break;
            }
            for block in self.batch(&calls).await? {
                // It lags behind its own tip, or gives no more at a time. Where nothing is gained by it, another node may know.
                if block.is_null() {
                    if read.min(settled(tip)) <= from {
                        return Err("it lacks a block that it told of".into());
                    }
                    break;
                }
                if block.get("number").and_then(height) != Some(read + 1) {
                    return Err(NONSENSE.into());
                }
                let time = block.get("timestamp").and_then(quantity).and_then(|time| i64::try_from(time).ok());
                let time = time.map(|time| time.saturating_mul(SECOND));
                for transaction in block.get("transactions").and_then(Value::as_array).ok_or(NONSENSE)? {
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
        // After 9,999 orders their amounts repeat.
        let txids = fresh.iter().map(|(txid, ..)| txid);
        let others = order::sql::taken_by_others(self.order.account_id, &self.order.id, txids);
        let db = self.desk.account.db(self.desk.shop).map_err(|Fault(why)| why)?;
        for row in db.rows(vec![others]).await.map_err(|Fault(why)| why)?.iter().flatten() {
            let taken = row.read(|row| Ok(row.text())).map_err(|Fault(why)| why)?;
            fresh.retain(|(txid, ..)| *txid != taken);
        }
        fresh.truncate(MOST_KNOWN);
        // A transaction that failed is in a block as well.
        let calls: Vec<String> = fresh.iter().map(|(hash, ..)| receipt_of(hash)).collect();
        for ((txid, value, time), answer) in fresh.into_iter().zip(self.batch(&calls).await?) {
            if answer.is_null() {
                return Err("it has a transaction without a receipt".into());
            }
            let height = included(&answer);
            outputs.extend(height.map(|height| Output { txid, vout: 0, value, height: Some(height), time }));
        }
        Ok(read)
    }

    /// The hash and value of a transaction that can only be this order's.
    fn pays(self, transaction: &Value) -> Option<(String, u64)> {
        let invoice = &self.order.invoice;
        let to = transaction.get("to")?.as_str()?;
        if !to.eq_ignore_ascii_case(&invoice.address) {
            return None;
        }
        let wei = quantity(transaction.get("value")?)?;
        let value = units(wei).filter(|value| wei % WEI == 0 && invoice.owns(*value))?;
        let hash = transaction.get("hash")?.as_str()?;
        let is_hash = hash.len() == 66 && hash.bytes().skip(2).all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| (hash.to_ascii_lowercase(), value))
    }

    async fn batch(self, calls: &[String]) -> Result<Vec<Value>, String> {
        batch(self.desk.shop, self.url, TIMEOUT, calls).await
    }
}

fn output(receipt: &Receipt) -> Output {
    Output { txid: receipt.txid.clone(), vout: receipt.vout, value: receipt.value, height: receipt.height, time: None }
}

/// A question about an address as it was at a block, or is at the newest.
fn of(method: &str, address: &str, at: Option<u32>) -> String {
    let block = at.map_or_else(|| "latest".into(), |height| format!("{height:#x}"));
    format!("\"{method}\",\"params\":[\"{address}\",\"{block}\"]")
}

fn receipt_of(hash: &str) -> String {
    format!("\"eth_getTransactionReceipt\",\"params\":[\"{hash}\"]")
}

/// The block of a receipt whose transaction did what it was to do.
fn included(receipt: &Value) -> Option<u32> {
    let succeeded = quantity(receipt.get("status")?)? == 1;
    succeeded.then(|| height(receipt.get("blockNumber")?)).flatten()
}

/// Whose chain it is, how high that is, and the answers to the calls: all of one request.
async fn view(
    shop: &Shop,
    url: &str,
    timeout: u32,
    mut calls: Vec<String>,
) -> Result<(u32, impl Iterator<Item = Value>), String> {
    calls.splice(..0, ["eth_chainId", "eth_blockNumber"].map(|method| format!("\"{method}\",\"params\":[]")));
    let mut answers = batch(shop, url, timeout, &calls).await?.into_iter();
    // Coins of a test network look like any others, and have the same addresses.
    if answers.next().as_ref().and_then(quantity) != Some(shop.world.settings.ethereum.chain_id.into()) {
        return Err("it is no node of this chain".into());
    }
    Ok((answers.next().as_ref().and_then(height).ok_or(NONSENSE)?, answers))
}

/// Several calls in one request, answered in their order (JSON-RPC 2.0, section 6). `Null` for a call that was answered by
/// nothing or by an error; fewer answers than calls are none.
async fn batch(shop: &Shop, url: &str, timeout: u32, calls: &[String]) -> Result<Vec<Value>, String> {
    let mut body = String::from("[");
    for (id, call) in calls.iter().enumerate() {
        let comma = if id > 0 { "," } else { "" };
        body.push_str(&format!("{comma}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{call}}}"));
    }
    body.push(']');
    let request = ask::call(url.to_owned(), Some(("application/json", body.into_bytes())));
    let answer = ask::json(shop, Outgoing { timeout, limit: LIMIT, ..request }).await.map_err(|no| no.why)?;
    let mut results = vec![Value::Null; calls.len()];
    let answers = answer.into_array().filter(|answers| answers.len() == calls.len()).ok_or(NONSENSE)?;
    for item in answers {
        let Value::Object(fields) = item else { return Err(NONSENSE.into()) };
        let id = fields.iter().find(|(name, _)| name == "id").and_then(|(_, id)| id.as_int::<usize>());
        let result = fields.into_iter().find(|(name, _)| name == "result");
        if let (Some(place), Some((_, result))) = (id.and_then(|id| results.get_mut(id)), result) {
            *place = result;
        }
    }
    Ok(results)
}

/// `0x` and hex digits, without more of them than a number of wei can have.
fn quantity(value: &Value) -> Option<u128> {
    let digits = value.as_str()?.strip_prefix("0x").filter(|digits| !digits.is_empty())?;
    digits.chars().try_fold(0_u128, |number, digit| {
        let digit = digit.to_digit(16)?;
        (number >> 124 == 0).then_some(number << 4 | u128::from(digit))
    })
}

fn height(value: &Value) -> Option<u32> {
    u32::try_from(quantity(value)?).ok().filter(|height| *height < u32::MAX)
}

/// Wei in our units, rounded down.
fn coins(value: &Value) -> Option<u64> {
    units(quantity(value)?)
}

fn units(wei: u128) -> Option<u64> {
    u64::try_from(wei / WEI).ok().filter(|units| *units <= MOST)
}
