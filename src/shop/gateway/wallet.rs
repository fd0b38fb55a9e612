//! Watch-only wallets: the xpubs from which each order gets an address of its own.

use crate::shop::error::GatewayRefusal;
use sha2::{Digest, Sha256};

use super::{
    Gateway, GatewayContext, Open, PaymentGateway, Reservation,
    hd::{Branch, ExtendedKey, KeyError},
};
use crate::{
    platform::{Fault, LogLine, Row, Statement},
    shop::{App, Error, Outcome, account::Account, id, stock::expired, vault},
};

/// A wallet as settings show it.
pub struct Wallet {
    pub gateway: Gateway,
    /// As it was given: an extended public key, or the one address.
    pub text: String,
    pub single: bool,
    pub confirmations: u32,
    /// The first three, for "are these your wallet's?".
    pub addresses: Vec<String>,
}

/// What a seller gives as their wallet: read and checked.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// An account's extended public key: each order gets an address of its own.
    Key(ExtendedKey),
    /// One address for all orders, which differ in their amounts.
    Single(String),
}

impl Source {
    pub fn is_single(&self) -> bool {
        matches!(self, Source::Single(_))
    }
}

/// A wallet as it is kept, ready to make addresses.
#[derive(Clone, PartialEq, Eq)]
pub enum Held {
    Branch(Branch),
    Single(String),
}

impl Held {
    /// A branch in hex, or the address as it is.
    fn to_text(&self) -> String {
        match self {
            Held::Branch(branch) => id::hex(&branch.to_bytes()),
            Held::Single(address) => address.clone(),
        }
    }

    fn parse(text: &str) -> Option<Held> {
        match id::unhex(text) {
            Some(bytes) => Branch::from_bytes(&bytes).ok().map(Held::Branch),
            None => Some(Held::Single(text.to_owned())),
        }
    }
}

/// A wallet that a seller wants to use, and how many confirmations make it paid.
pub struct WalletChange {
    /// As it was given.
    pub text: String,
    pub source: Source,
    /// `None`: as before, or as the gateway does.
    pub confirmations: Option<u32>,
}

fn place(kind: &str, account_id: i64) -> String {
    format!("{kind}:{account_id}")
}

/// Statements that make the simulated wallet of a new test account.
pub fn simulated(app: &App, account_id: i64) -> Result<Vec<Statement>, Fault> {
    let account = Account::acting(account_id, "DB", true);
    let mut statements = Vec::new();
    for gateway in Gateway::ALL {
        let Some(text) = gateway.coin().map(|coin| coin.test_xpub) else { continue };
        let source = Source::Key(ExtendedKey::parse(text).map_err(key_fault)?);
        let change = WalletChange { text: text.into(), source, confirmations: Some(1) };
        statements.extend(set(app, &account, gateway, Some(&change), 0, app.now())?);
    }
    Ok(statements)
}

fn key_fault(error: KeyError) -> Fault {
    Fault(format!("a stored wallet can't be used: {error:?}"))
}

/// Statements that make this the account's wallet for the gateway, or take it away. `next_index`: the least index that was
/// not handed out in other shards.
pub fn set(
    app: &App,
    account: &Account,
    gateway: Gateway,
    change: Option<&WalletChange>,
    next_index: u32,
    now: i64,
) -> Result<Vec<Statement>, Fault> {
    let mut statements = vec![Statement::new(
        "UPDATE wallets SET active = 0 WHERE account_id = ?1 AND gateway = ?2 AND active = 1",
        vec![account.id.into(), gateway.slug().into()],
    )];
    let Some(change) = change else {
        return Ok(statements);
    };
    let identity = identity(&change.source, account);
    let held = match &change.source {
        Source::Key(key) => Held::Branch(key.external().map_err(key_fault)?),
        Source::Single(address) => Held::Single(address.clone()),
    };
    let keys = &app.platform.settings.vault_keys;
    let seal = |kind: &str, plain: &str| vault::seal(keys, &place(kind, account.id), plain, app.random());
    statements.push(Statement::new(
        // Another account may have had it before: no address is handed out twice.
        "INSERT INTO wallets (account_id, gateway, identity, active, xpub, branch, confirmations, next_index, created_at, least, single)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, COALESCE(?6, ?8),
                 MAX(?9, COALESCE((SELECT MAX(next_index) FROM wallets WHERE identity = ?3 AND gateway = ?2), 0)), ?7, ?10, ?11)
         ON CONFLICT (account_id, gateway, identity)
         DO UPDATE SET active = 1, xpub = ?4, branch = ?5, confirmations = COALESCE(?6, confirmations),
                       next_index = excluded.next_index, least = ?10",
        vec![
            account.id.into(),
            gateway.slug().into(),
            identity.into(),
            seal("xpub", &change.text)?.into(),
            seal("branch", &held.to_text())?.into(),
            change.confirmations.into(),
            now.into(),
            gateway.of(account).confirmations().into(),
            next_index.into(),
            gateway.of(account).least(&held).cast_signed().into(),
            change.source.is_single().into(),
        ],
    ));
    Ok(statements)
}

/// What a wallet is known by, however its key is spelled.
fn identity(source: &Source, account: &Account) -> String {
    let mut identity = Sha256::new();
    if account.test {
        // A developer tries a real wallet in a test account first; that must not keep it from the live one.
        identity.update(place("test", account.id));
    }
    match source {
        Source::Key(key) => identity.update(key.identity()),
        Source::Single(address) => identity.update(address),
    }
    id::hex(&identity.finalize())
}

/// The operator takes a wallet away from whichever live account has it, so that its owner can set it up: an address of Ethereum is
/// public. Answers that account's e-mail, or `None` when nobody has it.
pub async fn release(app: &App, gateway: Gateway, text: &str) -> Outcome<Result<Option<String>, KeyError>> {
    for shard in app.platform.databases.shards() {
        let nobody = Account::acting(0, &shard, false);
        let way = gateway.of(&nobody);
        let source = match way.wallet(way.network(GatewayContext { app, account: &nobody }), text) {
            Ok(source) => source,
            Err(error) => return Ok(Err(error)),
        };
        let take_away = take_from_owner(gateway, &identity(&source, &nobody));
        let [rows] = nobody.db(app)?.commit_batch([take_away]).await?;
        if let Some(row) = rows.first() {
            return Ok(Ok(Some(row.text()?)));
        }
    }
    Ok(Ok(None))
}

/// Of all accounts: the operator asks.
fn take_from_owner(gateway: Gateway, identity: &str) -> Statement {
    Statement::new(
        "UPDATE wallets SET active = 0 WHERE identity = ?1 AND gateway = ?2 AND active = 1
         RETURNING (SELECT email FROM shops WHERE shops.account_id = wallets.account_id) AS email",
        vec![identity.into(), gateway.slug().into()],
    )
}

/// What other shards know of these wallets: the least index of each that was not handed out there. `None` when an account there
/// has one of them now. Within the account's own shard its unique index says so. Two accounts in two shards that set the same
/// wallet within the same moment are not noticed.
pub async fn elsewhere(
    app: &App,
    account: &Account,
    changes: &[(Gateway, Option<WalletChange>)],
) -> Result<Option<Vec<u32>>, Fault> {
    let mut next_indexes = vec![0; changes.len()];
    // What a test account has is its own whatever it is.
    if account.test || changes.iter().all(|(_, change)| change.is_none()) {
        return Ok(Some(next_indexes));
    }
    let known = changes.iter().map(|(gateway, change)| {
        let identity = change.as_ref().map(|change| identity(&change.source, account));
        Statement::new(
            "SELECT COALESCE(MAX(active), 0) AS taken, COALESCE(MAX(next_index), 0) AS next_index FROM wallets
             WHERE NOT account_id = ?1 AND identity = ?2 AND gateway = ?3",
            vec![account.id.into(), identity.into(), gateway.slug().into()],
        )
    });
    let known: Vec<Statement> = known.collect();
    for shard in app.platform.databases.shards().iter().filter(|shard| **shard != account.shard) {
        let rows = app.platform.databases.shard(shard)?.rows(known.clone()).await?;
        for (next_index, row) in next_indexes.iter_mut().zip(rows.iter().flatten()) {
            let (taken, next) = row.read(|row| Ok((row.flag(), row.count())))?;
            if taken {
                return Ok(None);
            }
            *next_index = next.max(*next_index);
        }
    }
    Ok(Some(next_indexes))
}

/// Holds a commit to so much of the coin being enough for the account's wallet.
pub fn takes_value(account_id: i64, gateway: Gateway, value: u64) -> Statement {
    Statement::guard(
        "NOT EXISTS (SELECT 1 FROM wallets WHERE account_id = ?1 AND gateway = ?2 AND active = 1 AND least > ?3)",
        vec![account_id.into(), gateway.slug().into(), value.cast_signed().into()],
    )
}

/// The least that the account's wallet takes.
pub fn least(account_id: i64, gateway: Gateway) -> Statement {
    Statement::new(
        "SELECT least FROM wallets WHERE account_id = ?1 AND gateway = ?2 AND active = 1",
        vec![account_id.into(), gateway.slug().into()],
    )
}

pub fn least_row(rows: &[Row]) -> Result<u64, Fault> {
    rows.first().map_or(Ok(0), |row| row.read(|row| Ok(row.units())))
}

pub fn active(account_id: i64) -> Statement {
    Statement::new(
        "SELECT gateway, xpub, branch, confirmations FROM wallets WHERE account_id = ?1 AND active = 1 ORDER BY gateway",
        vec![account_id.into()],
    )
}

pub fn from_row(app: &App, account: &Account, row: &Row) -> Outcome<Wallet> {
    let (gateway, text, branch, confirmations) =
        row.read(|row| Ok((row.text(), row.text(), row.text(), row.count())))?;
    let gateway =
        Gateway::parse(&gateway).ok_or_else(|| Fault(format!("a wallet for an unknown gateway: {gateway}")))?;
    let text = vault::open(&app.platform.settings.vault_keys, &place("xpub", account.id), &text)?;
    let held = open_held(app, account.id, &branch)?;
    let way = gateway.of(account);
    let network = way.network(GatewayContext { app, account });
    let addresses = match &held {
        Held::Single(address) => vec![address.clone()],
        Held::Branch(_) => {
            (0..3).map(|index| way.address(network, &held, index).map_err(key_fault)).collect::<Result<_, _>>()?
        }
    };
    Ok(Wallet { gateway, text, single: matches!(held, Held::Single(_)), confirmations, addresses })
}

pub fn open_held(app: &App, account_id: i64, sealed: &str) -> Result<Held, Fault> {
    let text = vault::open(&app.platform.settings.vault_keys, &place("branch", account_id), sealed)?;
    Held::parse(&text).ok_or_else(|| Fault("a stored wallet can't be read".into()))
}

/// Takes an address index of the wallet, once, whoever asks at the same time: the lowest that was given back, or the next; where all
/// orders have one address, the next whose amount tag no order has that may still be paid. It is `last_index` then; a trigger
/// strikes it off those that are free. ?1 is the account, ?2 the gateway, `now` and `most` are parameters. The commit breaks
/// `wallets_open` where `most` orders of the account wait for coins already, or no tag is free.
fn take(now: &str, most: &str, wanted: &str) -> String {
    const FREE: &str = "FROM free_addresses AS free WHERE free.account_id = wallets.account_id
                         AND free.gateway = wallets.gateway AND free.identity = wallets.identity";
    // As `Invoice::amount_tag`.
    const NEXT: &str = "IIF(single, (WITH RECURSIVE tag(n, tries) AS (
           SELECT wallets.next_index, 9999 UNION ALL
           SELECT n + 1, tries - 1 FROM tag WHERE tries > 0 AND EXISTS (
             SELECT 1 FROM orders INDEXED BY orders_tags WHERE orders.account_id = ?1 AND orders.gateway = ?2
               AND crypto_index % 9999 = n % 9999 AND crypto_cursor IS NOT NULL AND crypto_index IS NOT NULL
               AND (sync_lease IS NOT NULL OR status IN (0, 52, 53, 54))))
         SELECT IIF(tries > 0, n, -1) FROM tag ORDER BY n DESC LIMIT 1), next_index)";
    let full = format!(
        "(SELECT COUNT(*) FROM (SELECT 1 FROM orders INDEXED BY orders_unpaid WHERE orders.account_id = ?1
           AND status IN (0, 52) AND crypto_index IS NOT NULL AND quote_expires_at > {now} LIMIT {most})) >= {most}"
    );
    format!(
        "UPDATE wallets SET last_index = IIF({full}, -1, COALESCE((SELECT MIN(address_index) {FREE}), {NEXT})),
                            next_index = IIF(EXISTS (SELECT 1 {FREE}), next_index, {NEXT} + 1)
         WHERE account_id = ?1 AND gateway = ?2 AND active = 1 {wanted}"
    )
}

/// How a commit is refused that `take` has broken, in words for the operator: which account, and why strangers can't buy there.
pub fn full(app: &App, account: &Account, gateway: Gateway) -> GatewayRefusal {
    let line = LogLine::warn("gateway.too_many_open_orders").account(account.id).with("gateway", gateway.slug());
    app.platform
        .log
        .write(line.because("as many orders wait for their payment as MAX_OPEN_ORDERS and the wallet allow"));
    GatewayRefusal::TooManyOpen { retry_after: 60 }
}

/// Takes an address of the gateway's wallet (`take`) for the link, once: a link that has one of it keeps it, whoever starts it at the
/// same time. None is taken by a start that makes no order, because there is one already or because the link is destroyed, too old, or
/// for a product that is sold out. The last of the three answers the row that `taken` reads.
fn take_address_for_link(
    account_id: i64,
    gateway: &str,
    (id, order_id): (&str, &str),
    Open { now, most }: Open,
) -> [Statement; 3] {
    let needed = format!(
        "EXISTS (SELECT 1 FROM payments LEFT JOIN products
                   ON products.account_id = payments.account_id AND products.id = payments.product_id
                   WHERE payments.account_id = ?1 AND payments.id = ?3 AND destroyed_at IS NULL AND expires_at >= ?5
                     AND json_extract(addresses, '$.' || ?2 || '[0]') IS NOT wallets.identity AND NOT {})
           AND NOT EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?4)",
        expired::is_sold_out("?5")
    );
    let args = vec![account_id.into(), gateway.into(), id.into(), order_id.into(), now.into()];
    [
        Statement::new(take("?5", "?6", &format!("AND {needed}")), args.iter().cloned().chain([most.into()]).collect()),
        Statement::new(
            format!(
                "UPDATE payments SET addresses =
                   json_set(COALESCE(addresses, '{{}}'), '$.' || ?2, json_array(wallets.identity, wallets.last_index))
                 FROM wallets
                 WHERE payments.account_id = ?1 AND payments.id = ?3
                   AND wallets.account_id = ?1 AND wallets.gateway = ?2 AND wallets.active = 1 AND {needed}"
            ),
            args,
        ),
        Statement::new(
            "SELECT branch, json_extract(addresses, '$.' || ?2 || '[1]') AS address_index, wallets.confirmations
             FROM payments JOIN wallets ON wallets.account_id = ?1 AND wallets.gateway = ?2
               AND identity = json_extract(addresses, '$.' || ?2 || '[0]')
             WHERE payments.account_id = ?1 AND payments.id = ?3 AND active = 1",
            vec![account_id.into(), gateway.into(), id.into()],
        ),
    ]
}

/// Gives the address back that these answers to `reserve` are about: its order was refused, and nobody has seen it. `None` of
/// an address that all orders share, and where none was taken.
pub fn unreserve(
    app: &App,
    account: &Account,
    gateway: Gateway,
    rows: &[Vec<Row>],
) -> Result<Option<Statement>, Fault> {
    let Some(row) = rows.last().and_then(|rows| rows.first()).filter(|_| gateway.coin().is_some()) else {
        return Ok(None);
    };
    let (branch, index) = row.read(|row| Ok((row.text(), row.count())))?;
    if let Held::Single(_) = open_held(app, account.id, &branch)? {
        return Ok(None);
    }
    Ok(Some(Statement::new(
        "INSERT INTO free_addresses (account_id, gateway, identity, address_index)
         SELECT account_id, gateway, identity, ?4 FROM wallets WHERE account_id = ?1 AND gateway = ?2 AND branch = ?3
         ON CONFLICT DO NOTHING",
        vec![account.id.into(), gateway.slug().into(), branch.into(), index.into()],
    )))
}

/// An address that belongs to one order.
pub struct Address {
    pub text: String,
    pub index: u32,
    /// What the seller's wallet asks for, when the payment itself didn't say.
    pub confirmations: u32,
    /// What it holds already, where a chain is seen as a balance.
    pub holds: u64,
    /// Blocks up to here concern no new order, where one address is all orders' and blocks are read
    /// for their payments. 0: nobody could be asked.
    pub cursor: Option<u32>,
}

/// The statements that take an address for an order, and last the one that answers it.
pub fn reserve(account_id: i64, gateway: &str, taker: &Reservation<'_>) -> Vec<Statement> {
    match taker {
        Reservation::Order(Open { now, most }) => vec![Statement::new(
            take("?3", "?4", "RETURNING branch, last_index, confirmations"),
            vec![account_id.into(), gateway.into(), (*now).into(), (*most).into()],
        )],
        Reservation::Link { payment_id, order_id, open } => {
            take_address_for_link(account_id, gateway, (payment_id, order_id), *open).into()
        }
    }
}

/// The address that `takes` has answered.
pub fn reserved(context: GatewayContext<'_>, way: &dyn PaymentGateway, rows: &[Vec<Row>]) -> Result<Address, Error> {
    let GatewayContext { app, account } = context;
    let row = rows.last().and_then(|rows| rows.first()).ok_or(GatewayRefusal::NotConfigured)?;
    let (branch, index, confirmations) = row.read(|row| Ok((row.text(), row.count(), row.count())))?;
    let held = open_held(app, account.id, &branch)?;
    let text = way.address(way.network(context), &held, index).map_err(key_fault)?;
    let shared = matches!(held, Held::Single(_));
    Ok(Address { text, index, confirmations, holds: 0, cursor: shared.then_some(0) })
}
