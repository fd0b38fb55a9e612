//! The European Central Bank's reference rates, for currencies in which no source quotes a coin: units of each for one
//! euro, once on every day on which banks in the euro area work, at 16:00 there.

use super::{Prices, USABLE, price_in};
use crate::{
    json::{Digits, Table},
    shop::time::{self, DAY, HOUR},
};

/// Older than this, nothing is crossed by it. The bank is silent for five days at Easter (Thursday's rates are followed on
/// Tuesday) and in some years at Christmas; the rest is for a file that comes late.
const USABLE_FOR: i64 = 7 * DAY;
/// When a day's rates are out at the earliest, in UTC: 16:00 in summer.
const PUBLISHED: i64 = 14 * HOUR;

/// Under which its file is kept.
pub const NAME: &str = "ecb";
pub const PATH: &str = "/stats/eurofxref/eurofxref-daily.xml";

/// Whether the rates of this day may be used now, for as long as what is computed with them now.
pub fn serves(day: i64, now: i64) -> bool {
    day <= now && now + USABLE - day - PUBLISHED <= USABLE_FOR
}

/// `eurofxref-daily.xml`: its day's midnight in UTC, and units for one euro, as texts. Not XML at large but this
/// file alone: what has another shape, or breaks off, is nothing.
pub fn read(text: &str) -> Option<(i64, Prices)> {
    // Quotes of both kinds mean the same.
    let text = text.trim_end().strip_suffix("</gesmes:Envelope>")?.replace('"', "'");
    let mut day = None;
    let mut rates: Vec<(String, Digits)> = Vec::new();
    for tag in text.split('<') {
        // Comments could hide anything.
        if tag.starts_with('!') {
            return None;
        }
        let Some(rest) = tag.strip_prefix("Cube") else {
            continue;
        };
        let (rest, _) = rest.split_once('>')?;
        if let Some(rate) = rest.strip_prefix(" currency='") {
            let (code, rate) = rate.strip_suffix("'/")?.split_once("' rate='")?;
            if rates.iter().any(|(known, _)| known == code) {
                return None;
            }
            rates.push((code.to_owned(), Digits(Some(rate.to_owned()))));
        } else if let Some(date) = rest.strip_prefix(" time='") {
            // Of several days it is another file.
            let date = date.strip_suffix('\'').filter(|date| day.is_none() && date.len() == 10)?;
            day = Some(time::parse(date)?);
        } else if !rest.is_empty() {
            return None;
        }
    }
    let rates = Table(rates);
    price_in(&rates, "USD")?;
    Some((day?, rates))
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
        let known = |code: &&str| Some(format!("{code} {}", price_in(&rates, code)?.to_text()));
        Some((day, ["USD", "JPY", "IDR", "BGN"].iter().filter_map(known).collect()))
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
        }

        #[test]
        fn pieces_of_the_file_in_any_order_are_read_or_refused(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<Cube", "<Cube>", "/>", ">", "</Cube>", " ", "\n", "'", "\"", "=", " time='2023-11-14'", " time=''",
                " currency='USD'", " rate='1.08'", " rate=''", "<Cube currency='USD' rate='1.08'/>", "<Cube time='2023-11-14'>", "é", "<", "<!", "<?xml?>", "/", "1e400", "&amp;",
            ]), 0..20,
        )) {
            let text = pieces.concat() + "</gesmes:Envelope>";
            if let Some((_, rates)) = read(&text) {
                prop_assert!(text.contains("currency='USD' rate='1.08'"));
                prop_assert_eq!(rates.0.len(), 1);
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
