-- Pages of tables whose rows can be deleted (shop/list.rs). A row's seq is the list's next number
-- and is never used twice. Deleted rows are counted for each block of 1024 seqs, so arithmetic
-- finds a page at any depth.
CREATE TABLE lists (
  account_id INTEGER NOT NULL,
  list TEXT NOT NULL,                  -- the table's name
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (account_id, list)
) STRICT, WITHOUT ROWID;

CREATE TABLE list_gaps (
  account_id INTEGER NOT NULL,
  list TEXT NOT NULL,
  block INTEGER NOT NULL,              -- (seq - 1) / 1024
  deleted INTEGER NOT NULL,
  PRIMARY KEY (account_id, list, block)
) STRICT, WITHOUT ROWID;
