-- The chain of a test account: its own, and moved by /api/v2/test/….
CREATE TABLE simulated_chains (
  account_id INTEGER PRIMARY KEY,
  height INTEGER NOT NULL
) STRICT;

CREATE TABLE simulated_transactions (
  account_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  txid TEXT NOT NULL,
  value INTEGER NOT NULL,              -- the coin's smallest units
  height INTEGER,                      -- of its block; null: unconfirmed
  PRIMARY KEY (account_id, address, txid)
) STRICT, WITHOUT ROWID;
