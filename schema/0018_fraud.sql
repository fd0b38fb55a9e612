-- Fraud: an account's rules as one text, and the attempts that were refused.

-- The enabled rules of an account in the order of trying, so that the start of an order reads one
-- row, and an isolate that knows the revision reads no rule at all. Triggers keep it, so that no
-- statement can forget it.
CREATE TABLE rule_sets (
  account_id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,           -- moves on with each change of a rule
  -- JSON: [[id, name, action, expires_at or null, rule], …]. A value of D1 has 2 MB at most.
  rules TEXT NOT NULL CONSTRAINT rules_fit CHECK (length(CAST(rules AS BLOB)) <= 1000000)
) STRICT;

CREATE TRIGGER blacklist_rules_made AFTER INSERT ON blacklist_rules BEGIN
  INSERT INTO rule_sets (account_id, revision, rules)
  VALUES (NEW.account_id, 1, (
    SELECT json_group_array(json_array(id, name, action_type, expires_at, rule)) FROM (
      SELECT * FROM blacklist_rules WHERE account_id = NEW.account_id AND enabled = 1
      ORDER BY priority, id DESC)))
  ON CONFLICT (account_id) DO UPDATE SET revision = revision + 1, rules = excluded.rules;
END;

CREATE TRIGGER blacklist_rules_changed AFTER UPDATE ON blacklist_rules BEGIN
  UPDATE rule_sets SET revision = revision + 1, rules = (
    SELECT json_group_array(json_array(id, name, action_type, expires_at, rule)) FROM (
      SELECT * FROM blacklist_rules WHERE account_id = NEW.account_id AND enabled = 1
      ORDER BY priority, id DESC))
  WHERE account_id = NEW.account_id;
END;

CREATE TRIGGER blacklist_rules_gone AFTER DELETE ON blacklist_rules BEGIN
  UPDATE rule_sets SET revision = revision + 1, rules = (
    SELECT json_group_array(json_array(id, name, action_type, expires_at, rule)) FROM (
      SELECT * FROM blacklist_rules WHERE account_id = OLD.account_id AND enabled = 1
      ORDER BY priority, id DESC))
  WHERE account_id = OLD.account_id;
END;

-- Attempts to order that a rule, an entry of the blacklist or the product refused. They are only
-- appended, and the oldest go after 90 days, so seq is dense, and a page is a range of it.
CREATE TABLE blocked (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62: the reference number that the buyer was told
  payment_id TEXT,                     -- the payment link that was started; null: none
  product_id TEXT NOT NULL,            -- as in orders
  product_title TEXT NOT NULL,
  email TEXT,                          -- as typed
  ip_address TEXT,
  network TEXT,                        -- as in orders
  country_code TEXT,
  user_agent TEXT,
  value INTEGER NOT NULL,              -- minor units
  currency TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  facts TEXT NOT NULL,                 -- as in orders
  reasons TEXT NOT NULL,               -- as in orders
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- The API names an attempt by id, and so does a buyer who asks.
CREATE UNIQUE INDEX blocked_id ON blocked (account_id, id);
-- How often has this network tried within a day? Refused attempts count, or else nobody who tests
-- cards would ever be seen.
CREATE INDEX blocked_network ON blocked (account_id, network, created_at) WHERE network IS NOT NULL;
-- Cron asks: which are too old?
CREATE INDEX blocked_old ON blocked (created_at);
