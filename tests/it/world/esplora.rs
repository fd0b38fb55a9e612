//! A small Esplora server over a chain that the test moves, and the two servers of exchange rates.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use pushguard::platform::{Clock as _, FetchError, HttpResponse};
use serde_json::{Value, json};

use super::{Clock, Sent, Web, World, web::answer};

/// How a server behaves.
#[derive(Debug, Clone)]
pub enum Mood {
    Well,
    Silent(FetchError),
    /// It answers everything with this.
    Says(u16, Vec<u8>),
    /// The tip is right, and the transactions are this.
    Tells(String),
}

#[derive(Debug, Clone)]
struct Transaction {
    txid: String,
    address: String,
    value: u64,
    height: Option<u32>,
    /// Of its block, in seconds.
    time: Option<i64>,
    spent: bool,
    /// Bytes that its JSON has beside our output: other people's.
    bulk: usize,
}

pub struct Esplora {
    base: String,
    clock: Rc<Clock>,
    tip: RefCell<u32>,
    transactions: RefCell<Vec<Transaction>>,
    mood: RefCell<Mood>,
    /// Milliseconds that an answer takes.
    pub takes: Cell<u32>,
}

impl World {
    /// The two servers of the settings, `one` and `two`.
    pub fn esploras(&self) -> [Rc<Esplora>; 2] {
        ["https://one.chain.example/api", "https://two.chain.example/api"]
            .map(|base| Esplora::start(&self.web, self.clock.clone(), base))
    }

    /// Coinbase answers these prices of one bitcoin.
    pub fn coinbase(&self, prices: Value) {
        let body = json!({"data": {"currency": "BTC", "rates": prices}}).to_string();
        self.web.on("https://coinbase.example/v2/exchange-rates?currency=BTC", move |_| answer(200, body.clone()));
    }

    /// CoinGecko answers these.
    pub fn coingecko(&self, prices: Value) {
        let body = json!({"bitcoin": prices}).to_string();
        self.web.on("https://coingecko.example/api/v3/simple/price?ids=bitcoin", move |_| answer(200, body.clone()));
    }

    /// The bank's file of a day: units of each currency for one euro.
    pub fn ecb(&self, day: &str, rates: &[(&str, &str)]) {
        let cubes = rates.iter().map(|(code, rate)| format!("\t\t\t<Cube currency='{code}' rate='{rate}'/>\n"));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\">\n\
             \t<gesmes:subject>Reference rates</gesmes:subject>\n\t<Cube>\n\t\t<Cube time='{day}'>\n{}\t\t</Cube>\n\t</Cube>\n\
             </gesmes:Envelope>",
            cubes.collect::<String>()
        );
        self.web.on("https://ecb.example/stats/eurofxref/eurofxref-daily.xml", move |_| answer(200, body.clone()));
    }

    pub fn no_rates(&self) {
        self.web.says("https://coinbase.example", 503);
        self.web.says("https://coingecko.example", 429);
    }
}

impl Esplora {
    fn start(web: &Web, clock: Rc<Clock>, base: &str) -> Rc<Esplora> {
        let server = Rc::new(Esplora {
            base: base.to_owned(),
            clock,
            tip: RefCell::new(800_000),
            transactions: RefCell::default(),
            mood: RefCell::new(Mood::Well),
            takes: Cell::new(10),
        });
        let handler = server.clone();
        web.on(base, move |sent| handler.serve(sent));
        server
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.borrow_mut() = mood;
    }

    /// A transaction to the address comes into the pool. Its txid is made of the name.
    pub fn sees(&self, name: u8, address: &str, value: u64) -> String {
        let txid = format!("{name:02x}").repeat(32);
        let address = address.to_owned();
        let transaction =
            Transaction { txid: txid.clone(), address, value, height: None, time: None, spent: false, bulk: 0 };
        self.transactions.borrow_mut().push(transaction);
        txid
    }

    /// A block that takes in everything unconfirmed, and `more` after it.
    pub fn mines(&self, blocks: u32) {
        let height = *self.tip.borrow() + 1;
        for transaction in self.transactions.borrow_mut().iter_mut().filter(|tx| tx.height.is_none()) {
            transaction.height = Some(height);
            transaction.time = Some(self.clock.now() / 1_000);
        }
        *self.tip.borrow_mut() += blocks;
    }

    /// The transaction is gone: replaced, or its block was reorganised away.
    pub fn loses(&self, txid: &str) {
        self.transactions.borrow_mut().retain(|tx| tx.txid != txid);
    }

    /// A reorganisation puts it back into the pool.
    pub fn unconfirms(&self, txid: &str) {
        for transaction in self.transactions.borrow_mut().iter_mut().filter(|tx| tx.txid == txid) {
            transaction.height = None;
        }
    }

    fn change(&self, txid: &str, change: impl Fn(&mut Transaction)) {
        self.transactions.borrow_mut().iter_mut().filter(|tx| tx.txid == txid).for_each(change);
    }

    /// It pays hundreds of others as well.
    pub fn swells(&self, txid: &str, bytes: usize) {
        self.change(txid, |tx| tx.bulk = bytes);
    }

    /// The seller moves its coins on.
    pub fn spends(&self, txid: &str) {
        self.change(txid, |tx| tx.spent = true);
    }

    /// Its block was found so long ago.
    pub fn ages(&self, txid: &str, ms: i64) {
        for transaction in self.transactions.borrow_mut().iter_mut().filter(|tx| tx.txid == txid) {
            transaction.time = Some((self.clock.now() - ms) / 1_000);
        }
    }

    fn serve(&self, sent: &Sent) -> Result<HttpResponse, FetchError> {
        let path = sent.url.strip_prefix(&self.base).expect("a path of this server");
        let is_tip = path == "/blocks/tip/height";
        match &*self.mood.borrow() {
            Mood::Silent(fault) => return Err(*fault),
            Mood::Says(status, body) => return answer(*status, body.clone()),
            Mood::Tells(body) if !is_tip => return answer(200, body.clone()),
            Mood::Tells(_) | Mood::Well => {}
        }
        if self.takes.get() > sent.timeout {
            return Err(FetchError::Timeout);
        }
        if is_tip {
            return answer(200, self.tip.borrow().to_string());
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let (address, pool, after) = match parts.as_slice() {
            ["address", address, "txs"] => (*address, true, None),
            ["address", address, "txs", "mempool"] => (*address, true, Some("none after")),
            ["address", address, "txs", "chain"] => (*address, false, None),
            ["address", address, "txs", "chain", last] => (*address, false, Some(*last)),
            ["address", address, "utxo"] => return answer(200, self.unspent(address).to_string()),
            // Of a transaction that it doesn't have, Blockstream's says that it is unconfirmed.
            ["tx", txid, "status"] => {
                let found = self.found(txid).map_or(json!({"confirmed": false}), |tx| status(&tx));
                return answer(200, found.to_string());
            }
            ["tx", txid] => {
                return match self.found(txid) {
                    Some(tx) => answer(200, wire(&tx).to_string()),
                    None => answer(404, "Transaction not found"),
                };
            }
            _ => return answer(404, "no such path"),
        };
        answer(200, self.page(address, pool, after).to_string())
    }

    fn found(&self, txid: &str) -> Option<Transaction> {
        self.transactions.borrow().iter().find(|tx| tx.txid == txid).cloned()
    }

    fn unspent(&self, address: &str) -> Value {
        let all = self.transactions.borrow();
        let mine = all.iter().filter(|tx| tx.address == address && !tx.spent);
        mine.map(|tx| json!({"txid": tx.txid, "vout": 2, "value": tx.value, "status": status(tx)})).collect()
    }

    /// As Esplora pages: up to 50 unconfirmed and 25 confirmed, newest first; then 25 confirmed after a txid.
    fn page(&self, address: &str, pool: bool, after: Option<&str>) -> Value {
        let all = self.transactions.borrow();
        let mine = || all.iter().rev().filter(|tx| tx.address == address);
        let pool = mine().filter(|tx| tx.height.is_none()).take(if pool { 50 } else { 0 });
        let mut confirmed: Vec<&Transaction> = mine().filter(|tx| tx.height.is_some()).collect();
        confirmed.sort_by_key(|tx| std::cmp::Reverse(tx.height));
        let skip = after.map_or(0, |last| confirmed.iter().take_while(|tx| tx.txid != last).count() + 1);
        pool.chain(confirmed.into_iter().skip(skip).take(25)).map(wire).collect()
    }
}

fn wire(tx: &Transaction) -> Value {
    json!({
        "txid": tx.txid,
        "version": 2,
        "vout": [
            {"scriptpubkey_address": "bc1qsomebodyelseschangeaddress", "value": 12_345},
            {"scriptpubkey": "6a".repeat(tx.bulk.div_ceil(2).max(1)), "value": 0},
            {"scriptpubkey_address": tx.address, "value": tx.value},
        ],
        "status": status(tx),
    })
}

fn status(tx: &Transaction) -> Value {
    json!({"confirmed": tx.height.is_some(), "block_height": tx.height, "block_time": tx.height.and(tx.time)})
}
