//! Watch-only wallets: the xpubs from which each order gets an address of its own.

use sha2::{Digest, Sha256};

use super::{
    Gateway,
    hd::{Branch, ExtendedKey, KeyError},
};
use crate::{
    shop::{Error, Outcome, Shop, account::Account, id, vault},
    world::{Fault, Network, Row, Statement},
};

/// The wallet of every test account: BIP 84's published example, whose keys everybody knows. Its addresses are written
/// for testnet, so that no real coin can be sent to one.
const TEST_XPUB: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";

/// A wallet as settings show it.
pub struct Wallet {
    pub gateway: Gateway,
    pub xpub: String,
    pub confirmations: u32,
    /// The first three, for "are these your wallet's?".
    pub addresses: Vec<String>,
}

/// A wallet that a seller wants to use: an xpub that was parsed, and how many confirmations make it paid.
pub struct WalletChange {
    pub text: String,
    pub key: ExtendedKey,
    /// `None`: as before, or 1.
    pub confirmations: Option<u32>,
}

/// The chain for which an account's addresses are written.
pub fn network(shop: &Shop, account: &Account) -> Network {
    if account.test { Network::Testnet } else { shop.world.settings.bitcoin_network }
}

fn place(kind: &str, account_id: i64) -> String {
    format!("{kind}:{account_id}")
}

/// Statements that make the simulated wallet of a new test account.
pub fn simulated(shop: &Shop, account_id: i64) -> Result<Vec<Statement>, Fault> {
    let account = Account::acting(account_id, "DB", true);
    let key = ExtendedKey::parse(TEST_XPUB).map_err(key_fault)?;
    let change = WalletChange { text: TEST_XPUB.into(), key, confirmations: Some(1) };
    let now = shop.now();
    set(shop, &account, "bitcoin", Some(&change), now)
}

fn key_fault(error: KeyError) -> Fault {
    Fault(format!("a stored wallet can't be used: {error:?}"))
}

/// Statements that make this the account's wallet for the gateway, or take it away.
pub fn set(
    shop: &Shop,
    account: &Account,
    gateway: &str,
    change: Option<&WalletChange>,
    now: i64,
) -> Result<Vec<Statement>, Fault> {
    let mut statements = vec![Statement::new(
        "UPDATE wallets SET active = 0 WHERE account_id = ?1 AND gateway = ?2 AND active = 1",
        vec![account.id.into(), gateway.into()],
    )];
    let Some(change) = change else {
        return Ok(statements);
    };
    let mut identity = Sha256::new();
    if account.test {
        // A developer tries his real wallet in a test account first; that must not keep it from his live one.
        identity.update(place("test", account.id));
    }
    identity.update(change.key.identity());
    let branch = change.key.external().map_err(key_fault)?;
    let keys = &shop.world.settings.vault_keys;
    let seal = |kind: &str, plain: &str| vault::seal(keys, &place(kind, account.id), plain, shop.random());
    statements.push(Statement::new(
        "INSERT INTO wallets (account_id, gateway, identity, active, xpub, branch, confirmations, created_at)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, COALESCE(?6, 1), ?7)
         ON CONFLICT (account_id, gateway, identity)
         DO UPDATE SET active = 1, xpub = ?4, branch = ?5, confirmations = COALESCE(?6, confirmations)",
        vec![
            account.id.into(),
            gateway.into(),
            id::hex(&identity.finalize()).into(),
            seal("xpub", &change.text)?.into(),
            seal("branch", &id::hex(&branch.to_bytes()))?.into(),
            change.confirmations.into(),
            now.into(),
        ],
    ));
    Ok(statements)
}

pub fn active(account_id: i64) -> Statement {
    Statement::new(
        "SELECT gateway, xpub, branch, confirmations FROM wallets WHERE account_id = ?1 AND active = 1 ORDER BY gateway",
        vec![account_id.into()],
    )
}

pub fn from_row(shop: &Shop, account: &Account, row: &Row) -> Outcome<Wallet> {
    let (gateway, xpub, branch, confirmations) =
        row.read(|row| Ok((row.text(), row.text(), row.text(), row.count())))?;
    let gateway =
        Gateway::parse(&gateway).ok_or_else(|| Fault(format!("a wallet for an unknown gateway: {gateway}")))?;
    let xpub = vault::open(&shop.world.settings.vault_keys, &place("xpub", account.id), &xpub)?;
    let branch = open_branch(shop, account.id, &branch)?;
    let addresses = (0..3)
        .map(|index| branch.address(index, network(shop, account)).map_err(key_fault))
        .collect::<Result<_, _>>()?;
    Ok(Wallet { gateway, xpub, confirmations, addresses })
}

fn open_branch(shop: &Shop, account_id: i64, sealed: &str) -> Result<Branch, Fault> {
    let hex = vault::open(&shop.world.settings.vault_keys, &place("branch", account_id), sealed)?;
    id::unhex(&hex)
        .and_then(|bytes| Branch::from_bytes(&bytes).ok())
        .ok_or_else(|| Fault("a stored wallet can't be read".into()))
}

/// Takes the wallet's next address index, once, whoever asks at the same time.
pub fn take_address(account_id: i64, gateway: Gateway) -> Statement {
    Statement::new(
        "UPDATE wallets SET next_index = next_index + 1
         WHERE account_id = ?1 AND gateway = ?2 AND active = 1
         RETURNING branch, next_index - 1, confirmations",
        vec![account_id.into(), gateway.snake().into()],
    )
}

/// An address that belongs to one order.
pub struct Address {
    pub text: String,
    pub index: u32,
    /// What the seller's wallet asks for, when the payment itself didn't say.
    pub confirmations: u32,
}

/// The address of a row that was answered by `take_address`, here or of a payment.
pub fn taken(shop: &Shop, account: &Account, row: &Row) -> Result<Address, Error> {
    let (branch, index, confirmations) = row.read(|row| Ok((row.text(), row.count(), row.count())))?;
    let branch = open_branch(shop, account.id, &branch)?;
    let text = branch.address(index, network(shop, account)).map_err(key_fault)?;
    Ok(Address { text, index, confirmations })
}
