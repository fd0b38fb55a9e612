//! The European Central Bank's reference rates, for currencies in which no source quotes a coin: units of each for one
//! euro, once on every day on which banks in the euro area work, at 16:00 there.

use super::{Prices, USABLE, ask, of_value, usable};
use crate::{
    json::{self, Value},
    shop::{
        Shop,
        time::{self, DAY, HOUR, MINUTE},
    },
};

/// Older than this, nothing is crossed by it: Friday's serve until they are followed on Tuesday, should Monday be a holiday.
const USABLE_FOR: i64 = 4 * DAY;
/// When a day's rates are out at the earliest, in UTC: 16:00 in summer.
const PUBLISHED: i64 = 14 * HOUR;
/// So seldom a new file is looked for.
const FRESH: i64 = 60 * MINUTE;
const KEY: &str = "rates:ecb";

/// The rates of the newest day that is known, if they may still be used for as long as what is computed with them now.
pub async fn current(shop: &Shop) -> Option<Prices> {
    let now = shop.now();
    let kept = shop.world.cache.get(KEY).await.ok().flatten().as_deref().and_then(from_text);
    let newest = match kept {
        Some((asked, day, rates)) if now - asked <= FRESH => Some((day, rates)),
        kept => {
            let kept = kept.map(|(_, day, rates)| (day, rates));
            let url = format!("{}/stats/eurofxref/eurofxref-daily.xml", shop.world.settings.rates_ecb_url);
            let day_of = |file: &Option<(i64, Prices)>| file.as_ref().map(|(day, _)| *day);
            let new = ask(shop, "ecb", url, read).await;
            if new.is_some() && day_of(&new) >= day_of(&kept) {
                keep(shop, new.as_ref()).await;
                new
            } else {
                kept
            }
        }
    };
    let (day, rates) = newest?;
    (day <= now && now + USABLE - day - PUBLISHED <= USABLE_FOR).then_some(rates)
}

async fn keep(shop: &Shop, file: Option<&(i64, Prices)>) {
    if let Some((day, rates)) = file {
        let text = Value::Array(vec![shop.now().into(), (*day).into(), of_value(rates)]).to_text();
        super::keep(shop, KEY, &text).await;
    }
}

/// When it was asked for, the day's midnight, and the rates.
fn from_text(text: &str) -> Option<(i64, i64, Prices)> {
    let fields = json::parse(text).ok()?;
    Some((fields.at(0)?.as_int()?, fields.at(1)?.as_int()?, usable(fields.at(2)?.as_object()?)?))
}

/// `eurofxref-daily.xml`: its day's midnight in UTC, and units for one euro. Not XML at large but this file alone: what has
/// another shape, or breaks off, is nothing.
fn read(text: &str) -> Option<(i64, Prices)> {
    let text = text.trim_end().strip_suffix("</gesmes:Envelope>")?;
    let mut day = None;
    let mut rates = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, _) = tag.split_once('>')?;
        if tag.starts_with('!') {
            return None;
        }
        let Some(rest) = tag.strip_prefix("Cube") else {
            continue;
        };
        match attributes(rest)?.as_slice() {
            [] => {}
            // Of several days it is another file.
            [("time", date)] if day.is_none() && date.len() == 10 => day = Some(time::parse(date)?),
            [("currency", code), ("rate", rate)] => rates.push(((*code).to_owned(), Value::from(*rate))),
            _ => return None,
        }
    }
    Some((day?, usable(&rates)?))
}

/// ` currency='USD' rate="1.08"/`
fn attributes(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = text.strip_suffix('/').unwrap_or(text);
    let mut found = Vec::new();
    while !rest.trim_start().is_empty() {
        let (name, value) = rest.strip_prefix([' ', '\t', '\r', '\n'])?.split_once('=')?;
        let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (value, after) = value.get(1..)?.split_once(quote)?;
        found.push((name.trim_start(), value));
        rest = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Line for line as the bank writes it.
    const FILE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\
        \t<gesmes:subject>Reference rates</gesmes:subject>\n\
        \t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n\
        \t<Cube>\n\t\t<Cube time='2023-11-14'>\n\
        \t\t\t<Cube currency='USD' rate='1.0724'/>\n\
        \t\t\t<Cube currency='JPY' rate='162.89'/>\n\
        \t\t\t<Cube currency='IDR' rate='16838.93'/>\n\
        \t\t</Cube>\n\t</Cube>\n</gesmes:Envelope>\n";

    fn shown(text: &str) -> Option<(i64, Vec<String>)> {
        let (day, rates) = read(text)?;
        Some((day, rates.iter().map(|(code, rate)| format!("{code} {}", rate.to_text())).collect()))
    }

    #[test]
    fn the_banks_own_file_is_read_whichever_quotes_it_has() {
        let expected = (1_699_920_000_000, ["USD 1.0724", "JPY 162.89", "IDR 16838.93"].map(str::to_owned).to_vec());
        assert_eq!(shown(FILE), Some(expected.clone()));
        assert_eq!(shown(&FILE.replace('\'', "\"")), Some(expected.clone()));
        assert_eq!(shown(&FILE.replace('\n', "\r\n")), Some(expected.clone()));
        assert_eq!(shown(&FILE.replace("IDR", "BGN").replace("16838.93", "n/a")).map(|(_, all)| all.len()), Some(2));
    }

    #[test]
    fn a_file_of_another_shape_is_none() {
        for (from, to) in [
            ("</gesmes:Envelope>", ""),
            ("2023-11-14", "2023-02-30"),
            ("2023-11-14", "2023-11-14T00:00:00Z"),
            ("time='2023-11-14'", ""),
            ("\t\t</Cube>", "</Cube><Cube time='2023-11-13'></Cube>"),
            ("JPY", "USD"),
            ("JPY", "usd"),
            ("USD", "SEK"),
            ("rate='1.0724'", "rate='1.0724"),
            ("rate='1.0724'", "rate=1.0724"),
            ("rate='1.0724'", ""),
            ("rate='1.0724'", "rate='1.0724' rate='2'"),
            ("1.0724", "-1.0724"),
            ("1.0724", "0"),
            ("1.0724", "1e3"),
            ("1.0724", "99999999999999"),
            ("<Cube>", "<!-- <Cube> -->"),
            ("<Cube>", "<!DOCTYPE x [<!ENTITY a \"b\">]><Cube>"),
            ("<Cube>", "<Cubes>"),
        ] {
            assert_ne!(FILE.replace(from, to), FILE, "{from}");
            assert_eq!(shown(&FILE.replace(from, to)), None, "{from} → {to}");
        }
        assert_eq!(shown(""), None);
        assert_eq!(shown("</gesmes:Envelope>"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = read(&text);
            let _ = attributes(&text);
        }

        #[test]
        fn pieces_of_the_file_in_any_order_are_read_or_refused(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<Cube", "<Cube>", "/>", ">", "</Cube>", " ", "\n", "'", "\"", "=", " time='2023-11-14'", " time=''",
                " currency='USD'", " rate='1.08'", " rate=''", "é", "<", "<!", "<?xml?>", "/", "1e400", "&amp;",
            ]), 0..20,
        )) {
            let text = pieces.concat() + "</gesmes:Envelope>";
            if let Some((_, rates)) = read(&text) {
                prop_assert!(text.contains("currency='USD' rate='1.08'") && rates.len() == 1);
            }
        }

        #[test]
        fn a_file_that_breaks_off_or_lost_a_byte_is_read_or_refused(at in 0..FILE.len(), cut: bool) {
            let broken = if cut { FILE[..at].to_owned() } else { FILE[..at].to_owned() + &FILE[at + 1..] };
            let read = read(&broken);
            prop_assert!(read.is_none() || !cut || at >= FILE.len() - 1);
        }
    }
}
