//! A small Ethereum node over a chain that the test moves: balances and counts at any of its last 128 blocks, blocks with their
//! transactions, and receipts.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use pushguard::platform::{FetchError, HttpResponse};
use serde_json::{Value, json};

use super::{Mood, Sent, World, web::answer};

/// Wei for one unit of the shop's, 10⁻⁸ ether.
pub const WEI: u128 = 10_000_000_000;

#[derive(Clone)]
struct Transaction {
    hash: String,
    from: String,
    to: String,
    wei: u128,
    height: u32,
    failed: bool,
    /// It is no transaction of its own but part of a contract's: it moves a balance and stands in no block.
    inside: bool,
}

/// How a node refuses a batch of too many calls.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// One error for all.
    One(&'static str),
    /// Another status, and a body.
    Status(u16, &'static str),
    /// The first ones are answered, the others are errors.
    Each(&'static str),
}

pub struct Node {
    chain: Cell<u64>,
    /// Of a batch it answers no more, and calls the rest an error or leaves it out.
    most: Cell<(usize, bool)>,
    /// It takes so many calls in a request, and refuses more in this way.
    takes: RefCell<Option<(usize, Refusal)>>,
    tip: RefCell<u32>,
    transactions: RefCell<Vec<Transaction>>,
    /// When the newest block was found, in milliseconds.
    found: Cell<Option<(u32, i64)>>,
    mood: RefCell<Mood>,
}

impl World {
    /// The two servers of the settings; and Coinbase sells an ether for 2,000 dollars, so ten dollars are 500,000 units.
    pub fn nodes(&self) -> [Rc<Node>; 2] {
        let body = json!({"data": {"currency": "ETH", "rates": {"USD": "2000"}}}).to_string();
        self.web.on("https://coinbase.example/v2/exchange-rates?currency=ETH", move |_| answer(200, body.clone()));
        ["https://one.node.example", "https://two.node.example"].map(|base| {
            let node = Rc::new(Node {
                chain: Cell::new(1),
                most: Cell::new((usize::MAX, false)),
                takes: RefCell::default(),
                tip: RefCell::new(20_000_000),
                transactions: RefCell::default(),
                found: Cell::default(),
                mood: RefCell::new(Mood::Well),
            });
            let handler = node.clone();
            self.web.on(base, move |sent| handler.serve(sent));
            node
        })
    }
}

pub fn hash(name: u8) -> String {
    format!("0x{}", format!("{name:02x}").repeat(32))
}

impl Node {
    pub fn found(&self, ms: i64) {
        self.found.set(Some((self.tip(), ms)));
    }

    /// It is a node of that chain.
    pub fn follows(&self, chain: u64) {
        self.chain.set(chain);
    }

    /// Of a batch it answers so many calls; the others are errors, or left out.
    pub fn answers(&self, most: usize, leaves_out: bool) {
        self.most.set((most, leaves_out));
    }

    /// It takes so many calls in a request; of 0, it knows no batches at all.
    pub fn takes(&self, most: usize, refusal: Refusal) {
        *self.takes.borrow_mut() = Some((most, refusal));
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.borrow_mut() = mood;
    }

    pub fn tip(&self) -> u32 {
        *self.tip.borrow()
    }

    /// To take blocks off without what is in them.
    pub fn tip_mut(&self) -> std::cell::RefMut<'_, u32> {
        self.tip.borrow_mut()
    }

    pub fn mines(&self, blocks: u32) {
        *self.tip.borrow_mut() += blocks;
    }

    fn add(&self, name: u8, from: &str, to: &str, wei: u128, change: impl FnOnce(&mut Transaction)) {
        self.mines(1);
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let mut new = Transaction { hash: hash(name), from, to, wei, height: self.tip(), failed: false, inside: false };
        change(&mut new);
        self.transactions.borrow_mut().push(new);
    }

    /// A new block with a payment of so much wei.
    pub fn pays(&self, name: u8, to: &str, wei: u128) {
        self.add(name, "0xbuyer", to, wei, |_| {});
    }

    /// … that failed: it is in the block, and moves nothing.
    pub fn fails(&self, name: u8, to: &str, wei: u128) {
        self.add(name, "0xbuyer", to, wei, |new| new.failed = true);
    }

    /// … by a contract: in no block's list.
    pub fn pays_inside(&self, to: &str, wei: u128) {
        self.add(0, "0xbuyer", to, wei, |new| new.inside = true);
    }

    /// The owner of an address moves so much on.
    pub fn sweeps(&self, name: u8, from: &str, wei: u128) {
        self.add(name, from, "0xcold", wei, |_| {});
    }

    /// Blocks from this height on are replaced by as many empty ones.
    pub fn reorganises(&self, height: u32) {
        self.transactions.borrow_mut().retain(|tx| tx.height < height);
    }

    /// Wei that the address holds now.
    pub fn holds(&self, address: &str) -> u128 {
        self.balance(&address.to_lowercase(), self.tip())
    }

    fn balance(&self, address: &str, at: u32) -> u128 {
        let all = self.transactions.borrow();
        let moved = |mine: &dyn Fn(&&Transaction) -> bool| -> u128 {
            all.iter().filter(|tx| tx.height <= at && !tx.failed).filter(mine).map(|tx| tx.wei).sum()
        };
        moved(&|tx| tx.to == address) - moved(&|tx| tx.from == address)
    }

    fn sent(&self, address: &str, at: u32) -> usize {
        self.transactions.borrow().iter().filter(|tx| tx.height <= at && tx.from == address).count()
    }

    fn serve(&self, sent: &Sent) -> Result<HttpResponse, FetchError> {
        assert_eq!((sent.method, sent.header("content-type")), ("POST", "application/json"));
        match &*self.mood.borrow() {
            Mood::Silent(fault) => return Err(*fault),
            Mood::Says(status, body) => return answer(*status, body.clone()),
            Mood::Tells(body) => return answer(200, body.clone()),
            Mood::Well => {}
        }
        let calls = sent.json();
        if calls.is_object() {
            let result = self.call(calls["method"].as_str().expect("a method"), &calls["params"]);
            return answer(200, json!({"jsonrpc": "2.0", "id": calls["id"], "result": result}).to_string());
        }
        let count = calls.as_array().expect("a batch").len();
        let taken = self.takes.borrow().clone().filter(|(most, _)| count > *most);
        let (mut most, mut leaves_out) = self.most.get();
        let mut words = "missing trie node";
        match taken {
            Some((_, Refusal::One(words))) => {
                return answer(
                    200,
                    json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": words}}).to_string(),
                );
            }
            Some((_, Refusal::Status(status, body))) => return answer(status, body),
            Some((taken, Refusal::Each(said))) => (most, leaves_out, words) = (taken, false, said),
            None => {}
        }
        let calls = calls.as_array().expect("a batch").iter().enumerate();
        let answers = calls.filter(|(n, _)| *n < most || !leaves_out).map(|(n, call)| {
            assert_eq!(call["jsonrpc"], "2.0");
            match self.call(call["method"].as_str().expect("a method"), &call["params"]).filter(|_| n < most) {
                Some(result) => json!({"jsonrpc": "2.0", "id": call["id"], "result": result}),
                None => json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": words}}),
            }
        });
        // In any order: the ids tell.
        let mut answers: Vec<Value> = answers.collect();
        answers.reverse();
        answer(200, Value::Array(answers).to_string())
    }

    fn call(&self, method: &str, params: &Value) -> Option<Value> {
        let tip = self.tip();
        let height = |text: &Value| match text.as_str().expect("a text") {
            "latest" => Some(tip),
            hex => u32::from_str_radix(hex.strip_prefix("0x").expect("hex"), 16).ok(),
        };
        let at = |index: usize| height(&params[index]).filter(|at| *at <= tip && at + 128 > tip);
        let address = || params[0].as_str().expect("an address").to_lowercase();
        match method {
            "eth_chainId" => Some(json!(format!("{:#x}", self.chain.get()))),
            "eth_blockNumber" => Some(json!(format!("{tip:#x}"))),
            "eth_getBalance" => Some(json!(format!("{:#x}", self.balance(&address(), at(1)?)))),
            "eth_getTransactionCount" => Some(json!(format!("{:#x}", self.sent(&address(), at(1)?)))),
            "eth_getTransactionReceipt" => Some(self.receipt(params[0].as_str().expect("a hash"))),
            "eth_getBlockByNumber" => {
                let at = height(&params[0]).filter(|at| *at <= tip);
                Some(at.map_or(Value::Null, |at| self.block(at)))
            }
            _ => panic!("nobody answers {method}"),
        }
    }

    fn receipt(&self, hash: &str) -> Value {
        let all = self.transactions.borrow();
        let Some(tx) = all.iter().find(|tx| tx.hash == hash && !tx.inside) else { return Value::Null };
        let status = if tx.failed { "0x0" } else { "0x1" };
        json!({"transactionHash": hash, "blockNumber": format!("{:#x}", tx.height), "status": status, "logs": []})
    }

    fn block(&self, at: u32) -> Value {
        let all = self.transactions.borrow();
        let wire = |tx: &Transaction| {
            let (height, value) = (format!("{:#x}", tx.height), format!("{:#x}", tx.wei));
            json!({"hash": tx.hash, "from": tx.from, "to": tx.to, "value": value, "input": "0x", "blockNumber": height})
        };
        let creation = json!({"hash": hash(255), "from": "0xbuyer", "to": null, "value": "0x0", "input": "0x6001"});
        let here = all.iter().filter(|tx| tx.height == at && !tx.inside).map(wire);
        let transactions: Vec<Value> = std::iter::once(creation).chain(here).collect();
        let found = self.found.get().filter(|(height, _)| *height == at).map(|(_, ms)| format!("{:#x}", ms / 1_000));
        json!({"number": format!("{at:#x}"), "hash": hash(1), "timestamp": found, "transactions": transactions})
    }
}
