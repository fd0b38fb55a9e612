-- The blacklist: who may not buy, and rules that decide over buyers. Both are stored and listed;
-- the checkout does not ask them yet.
CREATE TABLE blacklist (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  -- E-mail, IP address or range, country.
  blacklist_type INTEGER NOT NULL CHECK (blacklist_type IN (1, 2, 3)),
  blocked_data TEXT NOT NULL,          -- normalised; an e-mail in the form for comparing
  typed TEXT,                          -- the e-mail as typed, in lower case, where it differs
  note TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- The API names an entry by id.
CREATE UNIQUE INDEX blacklist_id ON blacklist (account_id, id);
-- One entry a fact. The checkout will ask: is this e-mail, address or country here?
CREATE UNIQUE INDEX blacklist_fact ON blacklist (account_id, blacklist_type, blocked_data);

-- An account has at most a thousand rules (shop/blacklist_rule), because every order will try all
-- of them. So their list needs no seq.
CREATE TABLE blacklist_rules (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- decimal snowflake: sorts by time
  name TEXT NOT NULL,
  rule TEXT NOT NULL,                  -- as the seller wrote it
  action_type TEXT NOT NULL CHECK (action_type IN ('allow', 'block')),
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  priority INTEGER NOT NULL,           -- the lowest comes first
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT;

-- One rule a name.
CREATE UNIQUE INDEX blacklist_rules_name ON blacklist_rules (account_id, name);
-- The order of the list and of trying. Its end has the last priority.
CREATE INDEX blacklist_rules_order ON blacklist_rules (account_id, priority, id DESC);
