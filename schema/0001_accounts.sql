-- Accounts: the directory, the shards, and each account's settings.
--
-- For all files of this folder: no statement joins rows of two accounts. Tables are STRICT. D1
-- binds every number as a float; STRICT makes it an integer again or refuses it. D1 bills an index
-- entry like a row, so a comment argues for each index. A table is WITHOUT ROWID only if its rows
-- are narrow. There a row of more than about a kilobyte takes a page of its own beside its place in
-- the tree (https://www.sqlite.org/withoutrowid.html): a webhook log of 1.4 kB took 4.7. Tables
-- with texts of unknown length have a rowid, and their key is one more index. Times are
-- milliseconds since 1970. Money is in minor units of its currency.

-- The directory says who may sign in, and which database (shard) holds the rest of the account.
-- Only the first database has rows here.
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,              -- random, below 2^53
  email TEXT NOT NULL UNIQUE,          -- in the form for comparing; the user name of Basic auth
  key_hash TEXT NOT NULL,              -- SHA-256 of the API key, hex; 256 random bits need no salt
  shard TEXT NOT NULL,                 -- binding name of the account's database
  -- Where its shop is: /shop/<slug>. The directory has it, because it is unique in the deployment.
  slug TEXT NOT NULL UNIQUE,
  listed INTEGER NOT NULL DEFAULT 1 CHECK (listed IN (0, 1)), -- whether / and /shop/<slug> show it
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  key_since INTEGER NOT NULL,          -- when the key was made
  -- The previous key. For ten minutes it may fetch a lost answer about its replacement.
  old_key_hash TEXT,
  disabled_at INTEGER,                 -- when the operator disabled the account; null: enabled
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Who sends an API key alone, without an e-mail, is found by its hash.
CREATE UNIQUE INDEX accounts_key ON accounts (key_hash);

-- The number of accounts in each shard. A new account goes to the shard with the fewest, in the
-- same commit. Only the first database has rows here. A shard without a row has no account yet.
CREATE TABLE shards (
  name TEXT PRIMARY KEY,               -- binding name: DB, DB_1, …
  accounts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The account's settings, in the account's shard.
CREATE TABLE shops (
  account_id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,                 -- the account's, for GET /account
  shop_name TEXT NOT NULL,
  contact_email TEXT,                  -- payment pages show it to buyers; null: not given
  contact_url TEXT,
  slug TEXT NOT NULL DEFAULT '',       -- the directory's copy, as listed is
  listed INTEGER NOT NULL DEFAULT 1 CHECK (listed IN (0, 1)),
  description TEXT NOT NULL DEFAULT '',      -- Markdown
  description_html TEXT NOT NULL DEFAULT '', -- the same, rendered when it was saved
  accent_color TEXT,                   -- #rrggbb; null: ours
  terms_url TEXT,
  privacy_url TEXT,
  language TEXT,                       -- of the public pages; null: the reader's
  -- Whether its pages run scripts of others (schema/0026_scripts.sql), which their policy forbids.
  scripts INTEGER NOT NULL DEFAULT 0 CHECK (scripts IN (0, 1)),
  -- Of payments whose request names none, ISO 4217.
  currency TEXT NOT NULL DEFAULT 'USD',
  webhook_secret TEXT NOT NULL,        -- whsec_…, sealed under VAULT_KEY
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  disabled_at INTEGER,                 -- the directory's copy, for the start of a payment
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,

  -- Replaced webhook secrets sign beside the new one for a day, so that a receiver can change over
  -- and miss nothing. JSON: [[sealed secret, until], …], oldest first; null: none.
  webhook_secrets_old TEXT,
  webhook_secret_rotated_at INTEGER,

  -- When the account's oldest webhook log was made. Cron looks at the account once this is older
  -- than the retention. After a look it is the oldest log that is left, but at least a day later
  -- than before, so cron looks at most once a day. Null: no log, or only the last one, which stays.
  oldest_log_at INTEGER,

  -- The policy for new payments. Each order keeps the policy of its time (orders).
  underpayment_per_mille INTEGER NOT NULL DEFAULT 5
    CHECK (underpayment_per_mille BETWEEN 0 AND 100),
  spread_basis_points INTEGER NOT NULL DEFAULT 0 CHECK (spread_basis_points BETWEEN 0 AND 2000),
  quote_minutes INTEGER NOT NULL DEFAULT 20 CHECK (quote_minutes BETWEEN 5 AND 120),
  watch_hours INTEGER NOT NULL DEFAULT 24 CHECK (watch_hours BETWEEN 1 AND 168),

  -- JSON: how much each signal adds to the risk of an order, by its name (shop/fraud/signal); those
  -- that are missing add what they do in a new account.
  risk_weights TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- A shop's logo: a row of its own, because an upload's place is a row with an id. The columns are
-- those of products.
CREATE TABLE logos (
  account_id INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL CHECK (id = 'logo'),
  image_id TEXT,
  image_size INTEGER,
  image_type TEXT,
  image_name TEXT,
  image_width INTEGER,
  image_height INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;

-- Cron asks: which replaced secrets are over? Only accounts that replaced one within a day are
-- here.
CREATE INDEX shops_webhook_secrets_old ON shops (webhook_secret_rotated_at)
  WHERE webhook_secrets_old IS NOT NULL;

-- Cron asks: whose oldest log is past the retention?
CREATE INDEX shops_oldest_log ON shops (oldest_log_at) WHERE oldest_log_at IS NOT NULL;
