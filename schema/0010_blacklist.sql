-- The blacklist: who may not buy, and rules that decide over buyers.
CREATE TABLE blacklist (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  -- E-mail or domain, IP address or range, country.
  blacklist_type INTEGER NOT NULL CHECK (blacklist_type IN (1, 2, 3)),
  -- Normalised (shop/blacklist/fact.rs): an e-mail as its mailbox's one spelling, `*@domain` or
  -- `*@*.domain`; a range as `first/length`, an address without a length; a country in capitals.
  blocked_data TEXT NOT NULL,
  typed TEXT,                          -- the e-mail as typed, in lower case, where it differs
  note TEXT,
  expires_at INTEGER,                  -- it matches nobody from then on; null: never
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- The API names an entry by id.
CREATE UNIQUE INDEX blacklist_id ON blacklist (account_id, id);
-- One entry a fact. An order start asks: is this e-mail, address or country here?
CREATE UNIQUE INDEX blacklist_fact ON blacklist (account_id, blacklist_type, blocked_data);
-- Cron asks: which have expired long ago?
CREATE INDEX blacklist_expires ON blacklist (expires_at) WHERE expires_at IS NOT NULL;

-- Lengths that the account's ranges have had. An address lies in one range of each length, so it is
-- looked for as many times as there are lengths, however many ranges. Triggers, because no writer
-- may forget it. A length that no range has any more stays, and costs a search: to count the ranges
-- of each would write a row more for every entry.
CREATE TABLE blacklist_lengths (
  account_id INTEGER NOT NULL,
  family INTEGER NOT NULL CHECK (family IN (4, 6)),
  length INTEGER NOT NULL CHECK (length BETWEEN 0 AND 128),
  PRIMARY KEY (account_id, family, length)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER blacklist_length_inserted AFTER INSERT ON blacklist WHEN NEW.blacklist_type = 2 BEGIN
  INSERT INTO blacklist_lengths (account_id, family, length)
  SELECT NEW.account_id, IIF(instr(NEW.blocked_data, ':'), 6, 4), CASE
    WHEN instr(NEW.blocked_data, '/') THEN CAST(substr(NEW.blocked_data, instr(NEW.blocked_data, '/') + 1) AS INTEGER)
    ELSE IIF(instr(NEW.blocked_data, ':'), 128, 32) END
  WHERE TRUE ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER blacklist_length_updated AFTER UPDATE OF blocked_data ON blacklist WHEN NEW.blacklist_type = 2 BEGIN
  INSERT INTO blacklist_lengths (account_id, family, length)
  SELECT NEW.account_id, IIF(instr(NEW.blocked_data, ':'), 6, 4), CASE
    WHEN instr(NEW.blocked_data, '/') THEN CAST(substr(NEW.blocked_data, instr(NEW.blocked_data, '/') + 1) AS INTEGER)
    ELSE IIF(instr(NEW.blocked_data, ':'), 128, 32) END
  WHERE TRUE ON CONFLICT DO NOTHING;
END;

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
  expires_at INTEGER,                  -- it isn't tried from then on; null: never
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT;

-- One rule a name.
CREATE UNIQUE INDEX blacklist_rules_name ON blacklist_rules (account_id, name);
-- The order of the list and of trying. Its end has the last priority.
CREATE INDEX blacklist_rules_order ON blacklist_rules (account_id, priority, id DESC);
-- Cron asks: which have expired long ago?
CREATE INDEX blacklist_rules_expires ON blacklist_rules (expires_at) WHERE expires_at IS NOT NULL;
