-- Rules that decide over buyers. Stored and listed; the checkout does not ask them yet. An account has at most a thousand
-- (shop/blacklist_rule), since every order will try all of them: so the list needs no seq.
CREATE TABLE blacklist_rules (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- decimal snowflake: sorts by time
  name TEXT NOT NULL,
  rule TEXT NOT NULL,                  -- as it was written
  action_type TEXT NOT NULL CHECK (action_type IN ('allow', 'block')),
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  priority INTEGER NOT NULL,           -- the lowest comes first
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT;

-- One rule a name.
CREATE UNIQUE INDEX blacklist_rules_name ON blacklist_rules (account_id, name);
-- The order in which they are listed and will be tried; the last priority is found at its end.
CREATE INDEX blacklist_rules_order ON blacklist_rules (account_id, priority, id DESC);
