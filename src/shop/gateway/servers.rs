//! Servers that see one chain: which is asked first, when another is, and when their word is enough.

use super::{NoSight, Sighting};
use crate::{
    shop::{Shop, order::facts::Receipt},
    world::{Later, LogLine},
};

/// Asks one server after the other until one knows all that was known before. What they saw is put together by `merge`, the
/// earlier first. A payment is only called gone (`Sighting::complete`) when two servers say so, if there are two.
pub async fn look<'a>(
    shop: &Shop,
    urls: &'a [String],
    address: &str,
    known: &[Receipt],
    ask: &(dyn Fn(&'a str) -> Later<'a, Result<Sighting, String>> + 'a),
    merge: fn(Sighting, Sighting, &[Receipt]) -> Sighting,
) -> Result<Sighting, NoSight> {
    let count = urls.len();
    let mut reasons = String::new();
    let mut asked = 0;
    let mut best: Option<Sighting> = None;
    for base in in_turn(urls, address) {
        let seen = match ask(base).await {
            Ok(seen) => seen,
            Err(reason) => {
                shop.world.log.write(LogLine::warn("gateway.server_failed").with("server", base).because(&reason));
                let reason = format!("no look at {base}: {reason}");
                reasons.push_str(&reason);
                reasons.push_str("; ");
                continue;
            }
        };
        asked += 1;
        let all = match best.take() {
            None => seen,
            Some(before) => merge(before, seen, known),
        };
        let missing = all.lacks(known);
        best = Some(all);
        if !missing {
            break;
        }
    }
    let Some(mut seen) = best else {
        return Err(NoSight::Unreachable(if count == 0 { "no server is configured".into() } else { reasons }));
    };
    // One server's word is not enough to call a payment gone where a second could be asked.
    seen.complete &= asked >= count.min(2) || asked == count;
    Ok(seen)
}

/// Each address starts with a server of its own and stays with it: servers hear of a transaction at different times, and
/// going round would make a payment flicker.
pub fn in_turn<'a>(urls: &'a [String], address: &str) -> impl Iterator<Item = &'a str> {
    let first = address.bytes().map(usize::from).sum::<usize>() % urls.len().max(1);
    urls.iter().cycle().skip(first).take(urls.len()).map(String::as_str)
}
