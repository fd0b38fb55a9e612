-- Nothing here is ever joined across accounts. Tables are STRICT: D1 binds every number as a float, and STRICT turns
-- it back into an integer or refuses it. D1 bills an index entry like a row, so each index is argued.
--
-- Which tables are WITHOUT ROWID: those whose rows are narrow. There a row of more than about a kilobyte takes a whole
-- page of its own beside its place in the tree (https://www.sqlite.org/withoutrowid.html), so that a webhook log of 1.4 kB
-- took 4.7. Tables with texts of unknown length have a rowid, and their key is one index more.

-- The directory: who may come in, and in which database (shard) the rest of the account lives. It is kept in the
-- first database only.
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,              -- random, below 2^53
  email TEXT NOT NULL UNIQUE,          -- in its form for comparing; the user name of Basic auth, hence the index
  key_hash TEXT NOT NULL,              -- SHA-256 of the API key, hex; the key has 256 random bits, so no salt
  shard TEXT NOT NULL,                 -- binding name of the account's database
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  key_since INTEGER NOT NULL,          -- when the key became this one
  old_key_hash TEXT,                   -- the key before it: for ten minutes it may ask for the lost answer of its replacement
  disabled_at INTEGER,                 -- when the operator disabled the account; null: it is enabled
  created_at INTEGER NOT NULL,         -- milliseconds since 1970, as everywhere below
  updated_at INTEGER NOT NULL
) STRICT;

-- How many accounts each shard has got, counted with each that is made: a new one goes where they are fewest. Kept in the
-- first database only. A shard without a row has none yet.
CREATE TABLE shards (
  name TEXT PRIMARY KEY,               -- binding name: DB, DB_1, …
  accounts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The account's settings, in its shard.
CREATE TABLE shops (
  account_id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,                 -- the account's, shown in GET /account
  shop_name TEXT NOT NULL,
  contact_email TEXT,                  -- how buyers reach the seller: shown on payment pages; null: not said
  contact_url TEXT,
  webhook_secret TEXT NOT NULL,        -- whsec_…, sealed under VAULT_KEY
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  disabled_at INTEGER,                 -- the directory's, for whoever starts a payment
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- A seller's watch-only wallets. A wallet that was replaced keeps its row: if it comes back it goes on with its next
-- index, since an address that was given out once must never be given to another order.
CREATE TABLE wallets (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,               -- bitcoin
  identity TEXT NOT NULL,              -- SHA-256 of chain code and public key, hex
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  xpub TEXT NOT NULL,                  -- as given, sealed
  branch TEXT NOT NULL,                -- m/0, ready to derive from, sealed
  confirmations INTEGER NOT NULL CHECK (confirmations BETWEEN 0 AND 6),
  next_index INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, gateway, identity)
) STRICT, WITHOUT ROWID;

-- One wallet can't serve two accounts: they would hand out the same addresses and see each other's money. Who has taken it away
-- holds it no longer: an address of Ethereum is public, and anybody could keep its owner from it.
CREATE UNIQUE INDEX wallets_one_owner ON wallets (identity, gateway) WHERE active = 1;
-- Whoever takes a wallet over goes on where its last owner stopped.
CREATE INDEX wallets_identity ON wallets (identity, gateway);

-- Always empty. A commit that must not go through inserts a 0 here, which this constraint refuses, and the whole batch
-- is undone (see Statement::guard).
CREATE TABLE guard (
  held INTEGER NOT NULL,
  CONSTRAINT stale CHECK (held = 1)
) STRICT;
