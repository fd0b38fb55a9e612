//! What a coin costs. Coinbase is asked first, CoinGecko second; an answer is kept near every reader and quoted from
//! for at most 15 minutes. Numbers are read as text: no rate passes through a float.

use super::Gateway;
use crate::{
    json::{self, Value},
    shop::{
        Refusal, Shop,
        money::{Currency, Decimal},
        time::{MINUTE, SECOND},
    },
    world::Outgoing,
};

/// Older than this, nothing is quoted from it.
const USABLE: i64 = 15 * MINUTE;
/// Older than this, a newer one is asked for, by cron or by whoever needs a quote.
const FRESH: i64 = 5 * MINUTE;
/// What a buyer is told to wait when there is none.
const RETRY_AFTER: u32 = 30;

/// Currency code and price, as text.
type Prices = Vec<(String, Value)>;

/// Prices of one coin in many currencies, from one source at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    pub source: String,
    /// Milliseconds since 1970.
    pub at: i64,
    prices: Prices,
}

impl Rates {
    /// Price of one coin.
    pub fn price(&self, currency: Currency) -> Option<Decimal> {
        let (_, price) = self.prices.iter().find(|(code, _)| code == currency.code())?;
        let text = price.as_str()?;
        Decimal::parse(text).ok().filter(|price| !price.is_zero())
    }

    fn to_text(&self) -> String {
        Value::Array(vec![self.source.as_str().into(), self.at.into(), Value::Object(self.prices.clone())]).to_text()
    }

    fn from_text(text: &str) -> Option<Rates> {
        let fields = json::parse(text).ok()?;
        Some(Rates {
            source: fields.at(0)?.as_str()?.to_owned(),
            at: fields.at(1)?.as_int()?,
            prices: fields.at(2)?.as_object()?.to_vec(),
        })
    }
}

/// Rates to quote from now, for live accounts. Asks the sources only when the kept ones are no longer fresh.
pub async fn current(shop: &Shop, gateway: Gateway) -> Result<Rates, Refusal> {
    let kept = kept(shop, gateway).await;
    let now = shop.now();
    match kept {
        Some(kept) if now - kept.at <= FRESH => Ok(kept),
        kept => match refresh(shop, gateway).await {
            Some(new) => Ok(new),
            None => kept.filter(|kept| now - kept.at <= USABLE).ok_or(Refusal::NoRate { retry_after: RETRY_AFTER }),
        },
    }
}

/// The rates of test accounts: fixed, so that nothing needs the network and every sum is known beforehand.
pub fn fixed(now: i64) -> Rates {
    const PRICES: [(&str, &str); 26] = [
        ("USD", "50000"),
        ("EUR", "46000"),
        ("GBP", "40000"),
        ("JPY", "7500000"),
        ("CAD", "68000"),
        ("AUD", "76000"),
        ("CHF", "44000"),
        ("CNY", "360000"),
        ("INR", "4200000"),
        ("BRL", "270000"),
        ("MXN", "900000"),
        ("SEK", "520000"),
        ("NOK", "540000"),
        ("DKK", "345000"),
        ("PLN", "200000"),
        ("CZK", "1150000"),
        ("HUF", "18500000"),
        ("RUB", "4600000"),
        ("TRY", "1700000"),
        ("ZAR", "920000"),
        ("KRW", "68000000"),
        ("SGD", "67000"),
        ("HKD", "390000"),
        ("NZD", "82000"),
        ("ILS", "185000"),
        ("KWD", "15400"),
    ];
    Rates {
        source: "test".into(),
        at: now,
        prices: PRICES.iter().map(|(code, price)| ((*code).to_owned(), (*price).into())).collect(),
    }
}

fn symbol(gateway: Gateway) -> &'static str {
    gateway.coin().map_or("", |coin| coin.symbol)
}

fn cache_key(gateway: Gateway) -> String {
    format!("rates:{}", gateway.snake())
}

async fn kept(shop: &Shop, gateway: Gateway) -> Option<Rates> {
    let text = shop.world.cache.get(&cache_key(gateway)).await.ok()??;
    Rates::from_text(&text)
}

/// Cron's part: asks again before what is kept is no longer fresh, so that no buyer waits for it. A deployment that never
/// quoted asks nobody.
pub async fn keep_fresh(shop: &Shop, gateway: Gateway) {
    let kept = kept(shop, gateway).await;
    if kept.is_some_and(|kept| shop.now() - kept.at > FRESH - MINUTE - 10 * SECOND) {
        refresh(shop, gateway).await;
    }
}

async fn refresh(shop: &Shop, gateway: Gateway) -> Option<Rates> {
    let settings = &shop.world.settings;
    let sources: [(&str, String); 2] = [
        ("coinbase", format!("{}/v2/exchange-rates?currency={}", settings.rates_coinbase_url, symbol(gateway))),
        (
            "coingecko",
            format!(
                "{}/api/v3/simple/price?ids={}&vs_currencies=usd,eur,gbp,jpy,cad,aud,chf,cny,inr,brl,mxn,sek,nok,dkk,pln,czk,huf,rub,try,zar,krw,sgd,hkd,nzd,ils,kwd&precision=full",
                settings.rates_coingecko_url,
                gateway.snake()
            ),
        ),
    ];
    for (source, url) in sources {
        let prices = match ask(shop, url).await {
            Ok(body) if source == "coinbase" => coinbase(&body, gateway),
            Ok(body) => coingecko(&body, gateway),
            Err(reason) => {
                shop.world.log.warn(&format!("no rates from {source}: {reason}"));
                continue;
            }
        };
        match prices {
            Some(prices) if prices.iter().any(|(code, _)| code == "USD") => {
                let rates = Rates { source: source.to_owned(), at: shop.now(), prices };
                if let Err(fault) = shop.world.cache.put(&cache_key(gateway), &rates.to_text(), None).await {
                    shop.world.log.warn(&format!("rates could not be kept: {fault}"));
                }
                return Some(rates);
            }
            _ => shop.world.log.warn(&format!("no rates from {source}: its answer has another shape")),
        }
    }
    None
}

async fn ask(shop: &Shop, url: String) -> Result<Vec<u8>, String> {
    let request = Outgoing {
        method: "GET",
        url,
        headers: vec![("accept".into(), "application/json".into()), ("user-agent".into(), "PushGuard".into())],
        body: None,
        timeout: 5_000,
        limit: 256 << 10,
    };
    match shop.world.web.fetch(request).await {
        Err(fault) => Err(fault.word().to_owned()),
        Ok(answer) if answer.status != 200 => Err(format!("status {}", answer.status)),
        Ok(answer) if answer.truncated => Err("the answer breaks off".into()),
        Ok(answer) => Ok(answer.body),
    }
}

/// `{"data":{"currency":"BTC","rates":{"USD":"64231.515",…}}}`
fn coinbase(body: &[u8], gateway: Gateway) -> Option<Prices> {
    let body = json::parse(std::str::from_utf8(body).ok()?).ok()?;
    let data = body.get("data")?;
    if data.get("currency")?.as_str()? != symbol(gateway) {
        return None;
    }
    Some(usable(data.get("rates")?.as_object()?))
}

/// `{"bitcoin":{"usd":64231.5,…}}`; the numbers keep their digits.
fn coingecko(body: &[u8], gateway: Gateway) -> Option<Prices> {
    let body = json::parse(std::str::from_utf8(body).ok()?).ok()?;
    Some(usable(body.get(gateway.snake())?.as_object()?))
}

/// Only real currencies, in capitals, with prices that are exact decimals above zero.
fn usable(prices: &[(String, Value)]) -> Prices {
    prices
        .iter()
        .filter_map(|(code, price)| {
            let currency = Currency::parse(code)?;
            let text = match price {
                Value::String(text) => text.clone(),
                Value::Number(digits) => digits.clone(),
                _ => return None,
            };
            Decimal::parse(&text).ok().filter(|price| !price.is_zero())?;
            Some((currency.code().to_owned(), Value::String(text)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_are_read_digit_for_digit() {
        let body = br#"{"data":{"currency":"BTC","rates":{"USD":"64231.515","EUR":"0","XYZW":"1","JPY":"x"}}}"#;
        let prices = coinbase(body, crate::shop::gateway::bitcoin::GATEWAY).unwrap();
        assert_eq!(prices.len(), 1);
        assert_eq!(prices, [("USD".to_owned(), "64231.515".into())]);

        let body = br#"{"bitcoin":{"usd":64231.123456789012345,"last_updated_at":1711}}"#;
        let prices = coingecko(body, crate::shop::gateway::bitcoin::GATEWAY).unwrap();
        assert_eq!(prices, [("USD".to_owned(), "64231.123456789012345".into())]);
    }

    #[test]
    fn rates_survive_the_cache() {
        let rates = fixed(7);
        assert_eq!(Rates::from_text(&rates.to_text()), Some(rates));
    }

    #[test]
    fn an_answer_about_another_coin_is_refused() {
        assert!(
            coinbase(br#"{"data":{"currency":"LTC","rates":{"USD":"64"}}}"#, crate::shop::gateway::bitcoin::GATEWAY)
                .is_none()
        );
        assert!(coinbase(b"garbage", crate::shop::gateway::bitcoin::GATEWAY).is_none());
    }
}
