//! Chains seen through Esplora servers (Blockstream's REST interface, API.md in its repository; mempool.space speaks it
//! as well). What they say is untrusted: bounded in time and size, and a payment is only called gone when two servers
//! say so, if there are two.

use super::{NoSight, Output, Seen, Sighting, ask, servers};
use crate::{
    json::{self, Value},
    shop::{
        Shop,
        order::facts::Receipt,
        time::{HOUR, SECOND},
    },
    world::{Later, Outgoing},
};

/// What one of them is asked about.
#[derive(Clone, Copy)]
pub struct Esplora<'a> {
    pub shop: &'a Shop,
    pub address: &'a str,
    /// Milliseconds: a wallet's address may have a past of its own, and old coins pay no new order.
    pub since: i64,
    /// There will never be more of the coin, in its smallest unit.
    pub most: u64,
}

const TIMEOUT: u32 = 8_000;
/// A page holds 25 confirmed transactions and up to 50 unconfirmed ones, each a few KB at most.
const LIMIT: usize = 2 << 20;
/// Confirmed transactions come 25 to a page. Beyond this many pages somebody is playing with the address.
const PAGES: usize = 8;
const NONSENSE: &str = "the transactions are not what Esplora answers";

impl<'a> Esplora<'a> {
    /// All outputs that pay the address. `base_urls` are without a trailing slash.
    pub async fn look(self, base_urls: &'a [String], known: &[Receipt]) -> Result<Seen, NoSight> {
        let ask = move |base: &'a str| -> Later<'a, _> { Box::pin(self.ask(base)) };
        let mut seen = servers::look(self.shop, base_urls, self.address, known, &ask, merge).await?;
        // As in `merge`, where the other can't be asked.
        if seen.lacks(known) && !seen.complete {
            seen.keep(known, &|output| output.height.is_some());
        }
        Ok(Seen::Coins(seen))
    }
}

/// What two servers saw together. The higher tip is the truer one; where they differ on an output, the one that has it
/// in a block has heard more.
///
/// While one still has a payment that the other has no more, what only one of them has besides may be what replaced it: the same coins
/// are not counted twice, and it waits until both know it or a block has it.
fn merge(mut a: Sighting, mut b: Sighting, known: &[Receipt]) -> Sighting {
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
    Sighting { tip: a.tip.max(b.tip), outputs, complete: a.complete && b.complete, cursor: None }
}

impl Esplora<'_> {
    async fn ask(self, base: &str) -> Result<Sighting, String> {
        let address = self.address;
        // The tip first: a block that comes in between then only makes a payment look one confirmation younger.
        let tip = self.get(format!("{base}/blocks/tip/height")).await?;
        let tip = std::str::from_utf8(&tip)
            .ok()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .ok_or("the tip is not a number")?;
        let mut sighting = Sighting { tip, ..Sighting::default() };
        let mut url = format!("{base}/address/{address}/txs");
        for _ in 0..PAGES {
            let page = self.get(url).await?;
            let page = String::from_utf8(page).map_err(|_| NONSENSE)?;
            let page = json::parse(&page).map_err(|_| NONSENSE)?;
            let page = page.as_array().ok_or(NONSENSE)?;
            let mut confirmed = 0;
            let mut last = None;
            for tx in page {
                let (txid, height) = take(&mut sighting, tx, self).ok_or(NONSENSE)?;
                confirmed += usize::from(height.is_some());
                last = Some(txid);
            }
            match last {
                Some(last) if confirmed >= 25 => url = format!("{base}/address/{address}/txs/chain/{last}"),
                _ => {
                    sighting.complete = true;
                    break;
                }
            }
        }
        Ok(sighting)
    }

    async fn get(self, url: String) -> Result<Vec<u8>, String> {
        let request = Outgoing { timeout: TIMEOUT, limit: LIMIT, ..ask::call(url, None) };
        ask::bytes(self.shop, request).await.map_err(|no| no.why)
    }
}

/// A miner's clock may be this far off (consensus allows two hours).
const CLOCKS: i64 = 2 * HOUR;

/// Notes the outputs of one transaction that pay the address; answers its txid and height. `None`: it isn't one.
fn take(
    sighting: &mut Sighting,
    tx: &Value,
    Esplora { address, since, most, .. }: Esplora<'_>,
) -> Option<(String, Option<u32>)> {
    let txid = tx.get("txid")?.as_str()?;
    if txid.len() != 64 || !txid.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let status = tx.get("status")?;
    let (height, time) = match status.get("confirmed")?.as_bool()? {
        true => {
            let height: u32 = status.get("block_height")?.as_int()?;
            // Blocks may have come since the tip was asked for, but not many.
            (Some(Some(height).filter(|height| *height <= sighting.tip.saturating_add(10))?), status.get("block_time"))
        }
        false => (None, None),
    };
    let time = time.and_then(Value::as_int::<i64>).map(|time| time.saturating_mul(SECOND));
    let old = time.is_some_and(|time| time < since - CLOCKS);
    for (vout, output) in (0..).zip(tx.get("vout")?.as_array()?) {
        // Outputs without an address (OP_RETURN) pay nobody.
        if !old && output.get("scriptpubkey_address").and_then(Value::as_str) == Some(address) {
            let value: u64 = output.get("value")?.as_int()?;
            if value > most {
                return None;
            }
            let again = sighting.outputs.iter().any(|seen| seen.txid == txid && seen.vout == vout);
            if !again {
                sighting.outputs.push(Output { txid: txid.to_owned(), vout, value, height, time });
            }
        }
    }
    Some((txid.to_owned(), height))
}
