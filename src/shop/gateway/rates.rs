//! What a coin costs. Coinbase and CoinGecko are asked at the same time, and what both say is the rate; the European
//! Central Bank's rates lead from the coin's price in euros to currencies that the two don't both have. What was found is
//! kept near every reader and quoted from for at most 15 minutes. Numbers are read as text: no rate passes through a float.

use futures_util::future::join3;

use super::{Coin, Gateway};

use crate::{
    json::{self, Value},
    shop::{
        Refusal, Shop,
        money::{Currency, Decimal},
        time::{MINUTE, SECOND},
    },
    world::Outgoing,
};

mod ecb;

/// Older than this, nothing is quoted from it.
const USABLE: i64 = 15 * MINUTE;
/// Older than this, a newer one is asked for, by cron or by whoever needs a quote.
const FRESH: i64 = 5 * MINUTE;
/// What a buyer is told to wait when there is none.
const RETRY_AFTER: u32 = 30;
/// Two sources that are further apart than this, in percent, are both not believed.
const APART: u8 = 3;
/// Longer numbers than this nobody writes, in bytes.
const LONGEST: usize = 24;

/// Currency code and price, each code once.
type Prices = Vec<(&'static str, Decimal)>;

/// Prices of one coin in many currencies, from one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// When the sources were asked, in milliseconds since 1970.
    pub at: i64,
    /// An object of objects: who says so (`coinbase+coingecko`), and in it price by currency, as text.
    prices: Value,
}

impl Rates {
    /// Price of one coin.
    pub fn price(&self, currency: Currency) -> Option<Decimal> {
        self.find(currency).map(|(_, price)| price)
    }

    /// Who says so: `coinbase`, `coinbase+coingecko`, `coinbase+ecb` …
    pub fn source(&self, currency: Currency) -> String {
        self.find(currency).map(|(source, _)| source.to_owned()).unwrap_or_default()
    }

    fn find(&self, currency: Currency) -> Option<(&str, Decimal)> {
        self.prices.as_object()?.iter().find_map(|(source, prices)| {
            let price = Decimal::parse(prices.get(currency.code())?.as_str()?).ok()?;
            Some((source.as_str(), price)).filter(|(_, price)| !price.is_zero())
        })
    }

    fn to_text(&self) -> String {
        Value::Array(vec![self.at.into(), self.prices.clone()]).to_text()
    }

    fn from_text(text: &str) -> Option<Rates> {
        let fields = json::parse(text).ok()?;
        Some(Rates { at: fields.at(0)?.as_int()?, prices: fields.at(1)?.clone() })
    }
}

/// Rates to quote from now, for live accounts. Asks the sources only when the kept ones are no longer fresh.
pub async fn current(shop: &Shop, coin: Coin) -> Result<Rates, Refusal> {
    let kept = kept(shop, coin).await;
    let now = shop.now();
    match kept {
        Some(kept) if now - kept.at <= FRESH => Ok(kept),
        kept => match refresh(shop, coin).await {
            Some(new) => Ok(new),
            None => kept.filter(|kept| now - kept.at <= USABLE).ok_or(Refusal::NoRate { retry_after: RETRY_AFTER }),
        },
    }
}

/// The rates of test accounts: fixed, so that nothing needs the network and every sum is known beforehand. A bitcoin is
/// 50,000 dollars, a litecoin 100, an ether 2,500.
pub fn fixed(coin: Coin, now: i64) -> Rates {
    const PRICES: [(&str, u128); 26] = [
        ("USD", 50000),
        ("EUR", 46000),
        ("GBP", 40000),
        ("JPY", 7500000),
        ("CAD", 68000),
        ("AUD", 76000),
        ("CHF", 44000),
        ("CNY", 360000),
        ("INR", 4200000),
        ("BRL", 270000),
        ("MXN", 900000),
        ("SEK", 520000),
        ("NOK", 540000),
        ("DKK", 345000),
        ("PLN", 200000),
        ("CZK", 1150000),
        ("HUF", 18500000),
        ("RUB", 4600000),
        ("TRY", 1700000),
        ("ZAR", 920000),
        ("KRW", 68000000),
        ("SGD", 67000),
        ("HKD", 390000),
        ("NZD", 82000),
        ("ILS", 185000),
        ("KWD", 15400),
    ];
    let prices = PRICES.iter().filter_map(|(code, price)| Some((*code, Decimal::new(price * coin.worth, 3)?)));
    Rates { at: now, prices: Value::Object(vec![("test".into(), of_value(&prices.collect()))]) }
}

fn of_value(prices: &Prices) -> Value {
    Value::Object(prices.iter().map(|(code, price)| ((*code).to_owned(), Value::String(price.to_text()))).collect())
}

fn cache_key(coin: Coin) -> String {
    format!("rates:{}", coin.symbol)
}

async fn kept(shop: &Shop, coin: Coin) -> Option<Rates> {
    let text = shop.world.cache.get(&cache_key(coin)).await.ok()??;
    Rates::from_text(&text)
}

async fn keep(shop: &Shop, key: &str, text: &str) {
    if let Err(fault) = shop.world.cache.put(key, text, None).await {
        shop.world.log.warn(&format!("rates could not be kept: {fault}"));
    }
}

/// Cron's part: asks again before what is kept is no longer fresh, so that no buyer waits for it. For a coin in which this
/// deployment never quoted, nobody is asked.
pub async fn keep_fresh(shop: &Shop) {
    for coin in Gateway::ALL.into_iter().filter_map(|gateway| gateway.coin().copied()) {
        let kept = kept(shop, coin).await;
        if kept.is_some_and(|kept| shop.now() - kept.at > FRESH - MINUTE - 10 * SECOND) {
            refresh(shop, coin).await;
        }
    }
}

async fn refresh(shop: &Shop, coin: Coin) -> Option<Rates> {
    let settings = &shop.world.settings;
    let coinbase_url = format!("{}/v2/exchange-rates?currency={}", settings.rates_coinbase_url, coin.symbol);
    let coingecko_url = format!(
        "{}/api/v3/simple/price?ids={}&vs_currencies=usd,eur,gbp,jpy,cad,aud,chf,cny,inr,brl,mxn,sek,nok,dkk,pln,czk,huf,rub,try,zar,krw,sgd,hkd,nzd,ils,kwd&precision=full",
        settings.rates_coingecko_url, coin.coingecko_id
    );
    let (coinbase, coingecko, ecb) = join3(
        ask(shop, "coinbase", coinbase_url, |body| coinbase(body, coin)),
        ask(shop, "coingecko", coingecko_url, |body| coingecko(body, coin)),
        ecb::current(shop),
    )
    .await;
    let rates = Rates { at: shop.now(), prices: agree(shop, coinbase, coingecko, ecb)? };
    keep(shop, &cache_key(coin), &rates.to_text()).await;
    Some(rates)
}

/// An answer as `read` understands it, or `None`, and the log has why.
async fn ask<T>(shop: &Shop, source: &str, url: String, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let request = Outgoing {
        method: "GET",
        url,
        headers: vec![("accept".into(), "*/*".into()), ("user-agent".into(), "PushGuard".into())],
        body: None,
        timeout: 5_000,
        limit: 256 << 10,
    };
    let reason = match shop.world.web.fetch(request).await {
        Err(fault) => fault.word().to_owned(),
        Ok(answer) if answer.status != 200 => format!("status {}", answer.status),
        Ok(answer) if answer.truncated => "the answer breaks off".into(),
        Ok(answer) => match std::str::from_utf8(&answer.body).ok().and_then(read) {
            Some(read) => return Some(read),
            None => "its answer has another shape".into(),
        },
    };
    shop.world.log.warn(&format!("no rates from {source}: {reason}"));
    None
}

/// `{"data":{"currency":"BTC","rates":{"USD":"64231.515",…}}}`
fn coinbase(body: &str, coin: Coin) -> Option<Prices> {
    let body = json::parse_strictly(body).ok()?;
    let data = body.get("data")?;
    if data.get("currency")?.as_str()? != coin.symbol {
        return None;
    }
    usable(data.get("rates")?.as_object()?)
}

/// `{"bitcoin":{"usd":64231.5,…}}`; the numbers keep their digits.
fn coingecko(body: &str, coin: Coin) -> Option<Prices> {
    usable(json::parse_strictly(body).ok()?.get(coin.coingecko_id)?.as_object()?)
}

/// Of all that is quoted what is a currency and has a plausible price. Nothing when a currency comes twice, or without
/// dollars, by which an answer is judged.
fn usable(prices: &[(String, Value)]) -> Option<Prices> {
    let mut usable = Prices::new();
    for (code, price) in prices {
        let (Some(currency), Value::String(text) | Value::Number(text)) = (Currency::parse(code), price) else {
            continue;
        };
        let code = currency.code();
        if find(&usable, code).is_some() {
            return None;
        }
        usable.extend(plausible(text).map(|price| (code, price)));
    }
    find(&usable, "USD").is_some().then_some(usable)
}

/// Digits and a point, and within bounds.
fn plausible(text: &str) -> Option<Decimal> {
    let plain = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Decimal::parse(text).ok().filter(|price| plain && is_plausible(*price))
}

/// From a millionth to ten thousand billions: in no currency did a coin that is sold here, or a euro, ever cost anything else.
fn is_plausible(price: Decimal) -> bool {
    let bounds = (Decimal::new(1, 6), Decimal::new(10_000_000_000_000, 0));
    Some(price) >= bounds.0 && Some(price) <= bounds.1
}

fn find(prices: &Prices, code: &str) -> Option<Decimal> {
    prices.iter().find(|(known, _)| *known == code).map(|(_, price)| *price)
}

/// What follows from the answers of Coinbase and CoinGecko and from the bank's rates, as `Rates` keeps it.
///
/// Where both have a price it is the mean of them. Dollars decide whether the two are believed at all; another currency in
/// which they are too far apart is left out, without a word: where a country has two rates that is always so. A currency
/// that not both have is crossed from the euros of both. Of one source alone everything is taken, and the rest is crossed.
fn agree(shop: &Shop, coinbase: Option<Prices>, coingecko: Option<Prices>, ecb: Option<Prices>) -> Option<Value> {
    if coinbase.is_none() && coingecko.is_none() {
        return None;
    }
    let (mut first, mut second) = (coinbase.unwrap_or_default(), coingecko.unwrap_or_default());
    let mut both = Prices::new();
    let mut settled = Vec::new();
    for (code, price) in &first {
        let Some(other) = find(&second, code) else {
            continue;
        };
        settled.push(*code);
        match price.mean(other).filter(|_| !price.apart(other, APART)) {
            Some(mean) => both.push((code, mean)),
            None if *code == "USD" => {
                let (one, other) = (price.to_text(), other.to_text());
                shop.world.log.warn(&format!("no new rates: coinbase says {one} USD and coingecko {other}"));
                return None;
            }
            None => {}
        }
    }
    first.retain(|(code, _)| !settled.contains(code));
    second.retain(|(code, _)| !settled.contains(code));
    let mut crossed = Prices::new();
    let mut source = "coinbase+coingecko";
    for (name, single) in [("coinbase", &first), ("coingecko", &second)] {
        if find(&both, "EUR").is_none() && find(single, "EUR").is_some() {
            source = name;
        }
    }
    let price = |code| [&both, &first, &second].into_iter().find_map(|prices| find(prices, code));
    if let (Some(euros), Some(dollars), Some(ecb)) = (price("EUR"), price("USD"), ecb) {
        let cross = |rate| euros.times(rate).filter(|price| is_plausible(*price));
        // A file that knows another euro than everybody else would sell for nothing.
        if find(&ecb, "USD").and_then(cross).is_some_and(|known| !known.apart(dollars, APART)) {
            let wanted = |code| !settled.contains(&code) && (find(&both, "EUR").is_some() || price(code).is_none());
            let ecb = ecb.into_iter().filter(|(code, _)| wanted(code));
            crossed.extend(ecb.filter_map(|(code, rate)| Some((code, cross(rate)?))));
        } else {
            shop.world.log.warn("the rates of the ecb are not used: its euro is not that of the others");
        }
    }
    let parts = [
        (format!("{source}+ecb"), crossed),
        ("coinbase+coingecko".into(), both),
        ("coinbase".into(), first),
        ("coingecko".into(), second),
    ];
    Some(Value::Object(parts.into_iter().map(|(source, prices)| (source, of_value(&prices))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::gateway::{bitcoin::COIN as BITCOIN, ethereum::COIN as ETHEREUM, litecoin::COIN as LITECOIN};

    fn shown(prices: Option<Prices>) -> Option<Vec<String>> {
        Some(prices?.iter().map(|(code, price)| format!("{code} {}", price.to_text())).collect())
    }

    #[test]
    fn both_sources_are_read_digit_for_digit() {
        let body = r#"{"data":{"currency":"BTC","rates":{"USD":"64231.515","EUR":"0","XYZW":"1","JPY":"x"}}}"#;
        assert_eq!(shown(coinbase(body, BITCOIN)).unwrap(), ["USD 64231.515"]);
        let body = r#"{"bitcoin":{"usd":64231.123456789012345,"last_updated_at":1711}}"#;
        assert_eq!(shown(coingecko(body, BITCOIN)).unwrap(), ["USD 64231.123456789012345"]);
    }

    #[test]
    fn rates_survive_the_cache() {
        let rates = fixed(ETHEREUM, 7);
        assert_eq!(Rates::from_text(&rates.to_text()), Some(rates));
    }

    #[test]
    fn test_accounts_have_all_coins_in_one_proportion() {
        let price = |coin, code| fixed(coin, 0).price(Currency::parse(code).unwrap()).unwrap().to_text();
        let prices = [BITCOIN, LITECOIN, ETHEREUM].map(|coin| [price(coin, "USD"), price(coin, "KWD")].join(" "));
        assert_eq!(prices, ["50000 15400", "100 30.8", "2500 770"]);
        assert_eq!(fixed(LITECOIN, 0).source(Currency::parse("USD").unwrap()), "test");
    }

    #[test]
    fn an_answer_about_another_coin_is_refused() {
        assert!(coinbase(r#"{"data":{"currency":"LTC","rates":{"USD":"64"}}}"#, BITCOIN).is_none());
        assert!(coinbase(r#"{"data":{"currency":"LTC","rates":{"USD":"64"}}}"#, LITECOIN).is_some());
        assert!(coingecko(r#"{"bitcoin":{"usd":64231}}"#, ETHEREUM).is_none());
        assert!(coinbase("garbage", BITCOIN).is_none());
    }

    #[test]
    fn numbers_that_no_market_writes_are_no_prices() {
        for text in [
            "-50000",
            "+50000",
            "5e4",
            "1e400",
            "0",
            "0.0000001",
            "100000000000000",
            "NaN",
            "50 000",
            "50,000",
            " 50000",
            "50000.",
            "0050000.00000000000000000000",
            "",
        ] {
            assert!(coingecko(&format!("{{\"bitcoin\":{{\"usd\":\"{text}\"}}}}"), BITCOIN).is_none(), "{text}");
        }
        for twice in [r#""usd":50000,"usd":5"#, r#""usd":50000,"USD":50000"#, r#""usd":50000,"eur":1,"Eur":2"#] {
            assert!(coingecko(&format!("{{\"bitcoin\":{{{twice}}}}}"), BITCOIN).is_none(), "{twice}");
        }
    }
}
