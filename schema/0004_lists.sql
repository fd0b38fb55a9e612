-- Lists whose rows can be deleted. A row's seq is the list's next number and is never given again; what was deleted is
-- counted for each block of 1024 seqs, so that a page is found by arithmetic however deep it lies (shop/list.rs).
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

-- Who may not buy. Stored and listed; the checkout does not ask it yet.
CREATE TABLE blacklist (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  blacklist_type INTEGER NOT NULL CHECK (blacklist_type IN (1, 2, 3)),  -- e-mail, IP address or range, country
  blocked_data TEXT NOT NULL,          -- normalised; an e-mail in its form for comparing
  typed TEXT,                          -- the e-mail as it was typed, in lower case, where that is another text
  note TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- How the API names an entry.
CREATE UNIQUE INDEX blacklist_id ON blacklist (account_id, id);
-- One entry a fact, and the checkout's question: is this e-mail, address or country in it?
CREATE UNIQUE INDEX blacklist_fact ON blacklist (account_id, blacklist_type, blocked_data);
