-- Wallets: a seller's watch-only keys, and which of their addresses are free.

-- A wallet that was replaced keeps its row. If it comes back it goes on with its next index,
-- because an address that one order had must never go to another.
CREATE TABLE wallets (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,               -- bitcoin, litecoin, ethereum
  -- SHA-256 of the chain code and the public key, or of the one address, hex.
  identity TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  xpub TEXT NOT NULL,                  -- as given, sealed
  branch TEXT NOT NULL,                -- m/0, ready to derive from, or the one address; sealed
  -- A payment can ask for at most six. A wallet may need more: Ethereum's blocks are quick.
  confirmations INTEGER NOT NULL CHECK (confirmations BETWEEN 0 AND 64),
  next_index INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  -- In the coin's smallest units. A smaller amount is dust, or costs more to spend than it is
  -- worth.
  least INTEGER NOT NULL DEFAULT 0,
  -- The index that was taken last: the lowest free one, or the next. Taking one is one update of
  -- one row, so no two orders take the same.
  last_index INTEGER NOT NULL DEFAULT 0,
  -- It is one address for all orders, and an index makes an amount's last digits instead.
  single INTEGER NOT NULL DEFAULT 0 CHECK (single IN (0, 1)),
  -- Refuses to take one where too many orders wait for their payment, or all amounts are in use.
  CONSTRAINT wallets_open CHECK (last_index >= 0),
  PRIMARY KEY (account_id, gateway, identity)
) STRICT, WITHOUT ROWID;

-- One wallet can't serve two accounts: both would use the same addresses and see each other's
-- money. A wallet that was replaced no longer counts. An address of Ethereum is public, and
-- otherwise anybody could keep its owner from it.
CREATE UNIQUE INDEX wallets_one_owner ON wallets (identity, gateway) WHERE active = 1;
-- An account that takes a wallet over goes on where the last owner stopped.
CREATE INDEX wallets_identity ON wallets (identity, gateway);

-- Address reuse. Wallets look only some twenty unused addresses ahead, so orders that nobody paid
-- must leave no gap. Here are the indexes that such orders gave back when their watch ended: no
-- money ever came to these addresses.
CREATE TABLE free_addresses (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  identity TEXT NOT NULL,              -- the wallet's
  address_index INTEGER NOT NULL,
  PRIMARY KEY (account_id, gateway, identity, address_index)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER free_addresses_taken AFTER UPDATE OF last_index ON wallets BEGIN
  DELETE FROM free_addresses WHERE account_id = NEW.account_id AND gateway = NEW.gateway
    AND identity = NEW.identity AND address_index = NEW.last_index;
END;
