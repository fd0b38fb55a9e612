//! What a coin costs. Coinbase and CoinGecko are asked at the same time, and what both say is the rate; the European
//! Central Bank's rates lead from the coin's price in euros to currencies that the two don't both have. What was found is
//! kept near every reader and quoted from for at most 15 minutes. Numbers are read as text: no rate passes through a float.

use futures_util::future::join3;
use serde::Deserialize;

use super::{Coin, Gateway};

use crate::{
    json::{self, Digits, Pairs, Table},
    platform::{HttpRequest, LogLine},
    shop::{
        App, Refusal,
        error::GatewayRefusal,
        money::{Currency, Decimal},
        time::{HOUR, MINUTE, SECOND},
    },
};

mod ecb;
mod kept;

use kept::Kept;

/// Older than this, nothing is quoted from it.
const USABLE: i64 = 15 * MINUTE;
/// Older than this, a newer one is asked for, by whoever needs a quote, and by cron a minute sooner: 288 writes to KV a day,
/// however many coins there are. Cloudflare's free plan has a thousand.
const FRESH: i64 = 6 * MINUTE;
/// What a buyer is told to wait when there is none.
const RETRY_AFTER: u32 = 30;
/// Two sources that are further apart than this, in percent, are both not believed.
const APART: u8 = 3;
/// Longer numbers than this nobody writes, in bytes.
const MAX_LENGTH: usize = 24;

/// Who a price is from, by the number that stands behind it: a bit for each source, and none for test accounts.
const SOURCES: [&str; 8] = [
    "test",
    "coinbase",
    "coingecko",
    "coinbase+coingecko",
    "ecb",
    "coinbase+ecb",
    "coingecko+ecb",
    "coinbase+coingecko+ecb",
];
const BOTH: usize = 3;
const ECB: usize = 4;

/// Prices of one coin in many currencies, from one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// When the sources were asked, in milliseconds since 1970.
    pub at: i64,
    /// By currency the price and its source's number, `50000 3`.
    prices: Table<String>,
}

impl Rates {
    /// Price of one coin.
    pub fn price(&self, currency: Currency) -> Option<Decimal> {
        Decimal::parse(self.find(currency)?.0).ok().filter(|price| !price.is_zero())
    }

    /// Who says so: `coinbase`, `coinbase+coingecko`, `coinbase+ecb` …
    pub fn source(&self, currency: Currency) -> String {
        let source = self.find(currency).and_then(|(_, source)| SOURCES.get(source.parse::<usize>().ok()?));
        (*source.unwrap_or(&"")).to_owned()
    }

    fn find(&self, currency: Currency) -> Option<(&str, &str)> {
        let (_, price) = self.prices.0.iter().find(|(code, _)| code == currency.code())?;
        price.split_once(' ')
    }

    fn keep(&self, coin: Coin, kept: &mut Kept) {
        kept.set(coin.symbol, self.at, &json::to_text(&Pairs(&self.prices.0)));
    }

    fn kept(coin: Coin, kept: &Kept) -> Option<Rates> {
        let (at, prices) = kept.get(coin.symbol)?;
        Some(Rates { at, prices: json::from_text(prices)? })
    }
}

/// As `Rates` keeps it.
fn priced(code: &str, price: Decimal, source: usize) -> (String, String) {
    (code.to_owned(), format!("{} {source}", price.to_text()))
}

/// Rates to quote from now, for live accounts. Asks the sources only when the kept ones are no longer fresh.
pub async fn current(app: &App, coin: Coin) -> Result<Rates, Refusal> {
    let mut kept = Kept::read(app).await;
    let now = app.now();
    let known = Rates::kept(coin, &kept);
    if let Some(known) = known.as_ref().filter(|known| now - known.at <= FRESH) {
        return Ok(known.clone());
    }
    let new = ask_for(app, coin, &mut kept).await;
    kept.write(app).await;
    new.or(known.filter(|known| now - known.at <= USABLE))
        .ok_or(Refusal::Gateway(GatewayRefusal::NoRate { retry_after: RETRY_AFTER }))
}

/// What was found within the last hour, without asking anybody.
pub async fn known(app: &App, coin: Coin) -> Option<Rates> {
    Rates::kept(coin, &Kept::read(app).await).filter(|known| app.now() - known.at <= HOUR)
}

/// Those of these gateways of whose coins the known rates are too old to quote from, or have none for this currency. Cron has asked
/// for newer ones in vain.
pub async fn stale(app: &App, gateways: &[Gateway], currency: Currency) -> Vec<Gateway> {
    if gateways.iter().all(|gateway| gateway.coin().is_none()) {
        return Vec::new();
    }
    let (kept, now) = (Kept::read(app).await, app.now());
    let is_stale = |known: Rates| now - known.at > USABLE || known.price(currency).is_none();
    let is_stale = |coin: &Coin| Rates::kept(*coin, &kept).is_some_and(is_stale);
    gateways.iter().copied().filter(|gateway| gateway.coin().is_some_and(is_stale)).collect()
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
    let price = |(code, price): &(&str, u128)| Some(priced(code, Decimal::new(price * coin.worth, 3)?, 0));
    Rates { at: now, prices: Table(PRICES.iter().filter_map(price).collect()) }
}

/// Cron's part: asks again before what is kept is no longer fresh, so that no buyer waits for it. For a coin in which this
/// deployment never quoted, nobody is asked. All coins go together, that one write is enough for them; but one whose sources
/// are silent is asked for each minute, and takes no other with it.
pub async fn keep_fresh(app: &App) {
    let mut kept = Kept::read(app).await;
    let coins = Gateway::ALL.into_iter().filter_map(|gateway| gateway.coin().copied());
    let quoted = coins.filter_map(|coin| Some((kept.get(coin.symbol)?.0, coin)));
    let (due, others): (Vec<_>, Vec<_>) = quoted.partition(|(at, _)| app.now() - at > FRESH - MINUTE - 10 * SECOND);
    let mut any = false;
    for (_, coin) in due {
        any |= ask_for(app, coin, &mut kept).await.is_some();
    }
    for (_, coin) in others.into_iter().filter(|_| any) {
        ask_for(app, coin, &mut kept).await;
    }
    kept.write(app).await;
}

/// Asks the sources. What they say goes into `kept`, which is the caller's to write.
async fn ask_for(app: &App, coin: Coin, kept: &mut Kept) -> Option<Rates> {
    let settings = &app.platform.settings;
    // When the bank was asked, and its file of then.
    let (asked, file) = kept.get(ecb::NAME).unwrap_or((0, ""));
    let fresh = app.now() - asked <= HOUR;
    let (coinbase, coingecko, new) = join3(
        ask(app, "coinbase", format!("{}/v2/exchange-rates?currency={}", settings.rates_coinbase_url, coin.symbol)),
        ask(
            app,
            "coingecko",
            format!(
                "{}/api/v3/simple/price?ids={}&vs_currencies=usd,eur,gbp,jpy,cad,aud,chf,cny,inr,brl,mxn,sek,nok,dkk,pln,czk,huf,rub,try,zar,krw,sgd,hkd,nzd,ils,kwd&precision=full",
                settings.rates_coingecko_url, coin.coingecko_id
            ),
        ),
        // Nothing, where it needn't be asked.
        ask(app, "ecb", if fresh { String::new() } else { settings.rates_ecb_url.clone() + ecb::PATH }),
    )
    .await;
    let read = |source: &str, answer: Option<String>, read: &dyn Fn(&str) -> Option<Prices>| {
        let answer = answer?;
        let prices = read(&answer).filter(|prices| price_in(prices, "USD").is_some());
        if prices.is_none() {
            let line = LogLine::warn("rates.source_failed").with("source", source);
            app.platform.log.write(line.because("its answer has another shape"));
        }
        prices
    };
    let coinbase = read("coinbase", coinbase, &|text| coinbase_prices(text, coin));
    let coingecko = read("coingecko", coingecko, &|text| coingecko_prices(text, coin));
    let mut known = ecb::read(file);
    if let Some(text) = new
        && read("ecb", Some(text.clone()), &|text| Some(ecb::read(text)?.1)).is_some()
    {
        let new = ecb::read(&text);
        // Not back to an older file.
        if new.as_ref().map(|(day, _)| day) >= known.as_ref().map(|(day, _)| day) {
            kept.set(ecb::NAME, app.now(), &text);
            known = new;
        }
    }
    let ecb = known.filter(|(day, _)| ecb::serves(*day, app.now())).map(|(_, rates)| rates);
    let rates = Rates { at: app.now(), prices: Table(agree(app, coinbase, coingecko, ecb)?) };
    rates.keep(coin, kept);
    Some(rates)
}

/// An answer's text, or `None`, and the log has why. Nobody is asked under no URL.
async fn ask(app: &App, source: &str, url: String) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    let request = HttpRequest {
        method: "GET",
        url,
        headers: vec![("accept".into(), "*/*".into()), ("user-agent".into(), "PushGuard".into())],
        body: None,
        timeout: 5_000,
        limit: 256 << 10,
    };
    let reason = match app.platform.http.fetch(request).await {
        Err(fault) => fault.word().to_owned(),
        Ok(answer) if answer.status != 200 => format!("status {}", answer.status),
        Ok(answer) if answer.truncated => "the answer breaks off".into(),
        // What is no text has another shape than any of them.
        Ok(answer) => return Some(String::from_utf8(answer.body).unwrap_or_default()),
    };
    app.platform.log.write(LogLine::warn("rates.source_failed").with("source", source).because(reason));
    None
}

/// Prices by currency, whose code is in whatever case.
type Prices = Table<Digits>;

/// `{"data":{"currency":"BTC","rates":{"USD":"64231.515",…}}}` (docs.cdp.coinbase.com, "Get exchange rates")
#[derive(Deserialize)]
struct Coinbase {
    data: CoinbaseRates,
}

#[derive(Deserialize)]
struct CoinbaseRates {
    currency: String,
    rates: Prices,
}

fn coinbase_prices(body: &str, coin: Coin) -> Option<Prices> {
    let Coinbase { data } = json::from_others(body)?;
    (data.currency == coin.symbol).then_some(data.rates)
}

/// `{"bitcoin":{"usd":64231.5,…}}` (docs.coingecko.com, "Coin price by IDs")
fn coingecko_prices(body: &str, coin: Coin) -> Option<Prices> {
    let Table(coins) = json::from_others(body)?;
    coins.into_iter().find(|(id, _)| id == coin.coingecko_id).map(|(_, prices)| prices)
}

/// The price in this currency; only a plausible one.
fn price_in(prices: &Prices, code: &str) -> Option<Decimal> {
    let (_, Digits(price)) = prices.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(code))?;
    plausible(price.as_deref()?)
}

/// Digits and a point; below ten thousand billions, since in no currency a coin that is sold here ever cost more.
fn plausible(text: &str) -> Option<Decimal> {
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let plain = whole <= 13 && text.len() <= MAX_LENGTH && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Decimal::parse(text).ok().filter(|price| plain && !price.is_zero())
}

/// What follows from the answers of Coinbase and CoinGecko and from the bank's rates, as `Rates` keeps it.
///
/// Where both have a price it is the mean of them. Dollars decide whether the two are believed at all; another currency in
/// which they are too far apart is left out, without a word: where a country has two rates that is always so. A currency
/// that not both have is crossed from the euros of both. Of one source alone everything is taken, and the rest is crossed.
fn agree(
    app: &App,
    coinbase: Option<Prices>,
    coingecko: Option<Prices>,
    ecb: Option<Prices>,
) -> Option<Vec<(String, String)>> {
    let in_one = |prices: &Option<Prices>, code: &str| price_in(prices.as_ref()?, code);
    // The price, and who has it. Of both, no price means that they are too far apart.
    let quoted = |code: &str| match (in_one(&coinbase, code), in_one(&coingecko, code)) {
        (Some(a), Some(b)) => (a.mean(b).filter(|_| !a.apart(b, APART)), BOTH),
        (Some(a), None) => (Some(a), 1),
        (None, b) => (b, if b.is_some() { 2 } else { 0 }),
    };
    let (dollars, sources) = quoted("USD");
    let Some(dollars) = dollars else {
        if sources == BOTH {
            let shown = |prices| in_one(prices, "USD").map(Decimal::to_text).unwrap_or_default();
            let (one, other) = (shown(&coinbase), shown(&coingecko));
            let line = LogLine::warn("rates.disagree");
            app.platform.log.write(line.because(format!("coinbase says {one} USD and coingecko {other}")));
        }
        return None;
    };
    let (euros, euro_sources) = quoted("EUR");
    let cross = |code: &str| plausible(&euros?.times(in_one(&ecb, code)?)?.to_text());
    // A file that knows another euro than everybody else would sell for nothing.
    let believed = cross("USD").is_some_and(|known| !known.apart(dollars, APART));
    if !believed && ecb.is_some() && euros.is_some() {
        let line = LogLine::warn("rates.disagree").with("source", "ecb");
        app.platform.log.write(line.because("its euro is not that of the others"));
    }
    let price = |currency: Currency| {
        let code = currency.code();
        let (price, sources) = quoted(code);
        let better = believed && (sources == 0 || (sources != BOTH && euro_sources == BOTH));
        match cross(code).filter(|_| better) {
            Some(price) => Some(priced(code, price, euro_sources + ECB)),
            None => Some(priced(code, price?, sources)),
        }
    };
    Some(Currency::all().filter_map(price).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::gateway::{bitcoin::COIN as BITCOIN, ethereum::COIN as ETHEREUM, litecoin::COIN as LITECOIN};

    fn dollars(prices: Option<Prices>) -> Option<String> {
        Some(price_in(&prices?, "USD")?.to_text())
    }

    #[test]
    fn both_sources_are_read_digit_for_digit() {
        let body = r#"{"data":{"currency":"BTC","rates":{"USD":"64231.515","EUR":"0","XYZW":"1","JPY":"x"}}}"#;
        assert_eq!(dollars(coinbase_prices(body, BITCOIN)).unwrap(), "64231.515");
        let body = r#"{"bitcoin":{"usd":64231.123456789012345,"last_updated_at":1711}}"#;
        assert_eq!(dollars(coingecko_prices(body, BITCOIN)).unwrap(), "64231.123456789012345");
    }

    #[test]
    fn rates_survive_the_cache() {
        let rates = fixed(ETHEREUM, 7);
        let mut kept = Kept::default();
        rates.keep(ETHEREUM, &mut kept);
        assert_eq!(Rates::kept(ETHEREUM, &kept), Some(rates));
        assert_eq!(Rates::kept(BITCOIN, &kept), None);
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
        assert!(coinbase_prices(r#"{"data":{"currency":"LTC","rates":{"USD":"64"}}}"#, BITCOIN).is_none());
        assert!(coinbase_prices(r#"{"data":{"currency":"LTC","rates":{"USD":"64"}}}"#, LITECOIN).is_some());
        assert!(coingecko_prices(r#"{"bitcoin":{"usd":64231}}"#, ETHEREUM).is_none());
        assert!(coinbase_prices("garbage", BITCOIN).is_none());
    }

    #[test]
    fn numbers_that_no_market_writes_are_no_prices() {
        for text in [
            "-50000",
            "+50000",
            "5e4",
            "1e400",
            "0",
            "100000000000000",
            "NaN",
            "50 000",
            "50,000",
            " 50000",
            "50000.",
            "0050000.00000000000000000000",
            "",
        ] {
            assert_eq!(plausible(text), None, "{text}");
        }
        assert!(coingecko_prices(r#"{"bitcoin":{"usd":50000,"eur":1,"eur":2}}"#, BITCOIN).is_none(), "of two, which?");
    }
}
