-- A payment link: what POST /api/v2/pay was asked for. The page's first paint comes from the signed token alone; this
-- row holds the rest, for the moment when the buyer starts.
CREATE TABLE payments (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 40 hex
  title TEXT NOT NULL,
  email TEXT,
  value INTEGER NOT NULL,              -- minor units of the currency, for all of the quantity
  currency TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  confirmations INTEGER NOT NULL,
  return_url TEXT NOT NULL,
  webhook_url TEXT,
  custom TEXT,                         -- JSON, as the seller sent it
  expires_at INTEGER NOT NULL,
  destroyed_at INTEGER,
  started INTEGER NOT NULL DEFAULT 0 CHECK (started IN (0, 1)), -- set when the link expires: it has an order, and stays
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT;

-- Cron's question: which links have expired? One that never became an order goes then.
CREATE INDEX payments_expiry ON payments (expires_at) WHERE started = 0;

-- Orders are never deleted, so seq is dense and a page of the list is a range of it.
CREATE TABLE orders (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- UUIDv4; of a payment link it is made from the payment's id
  revision INTEGER NOT NULL,           -- counts changes: a commit names the one it has read
  payment_id TEXT,
  product_id TEXT NOT NULL,
  product_title TEXT NOT NULL,
  email TEXT,                          -- as it was typed
  email_key TEXT,                      -- its form for comparing, where that isn't email itself in lower case
  ip_address TEXT,
  country_code TEXT,
  user_agent TEXT,
  referral TEXT,
  value INTEGER NOT NULL,              -- minor units
  currency TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  confirmations_needed INTEGER NOT NULL,
  risk_level INTEGER NOT NULL DEFAULT 0,
  status INTEGER NOT NULL CHECK (status IN (0, 51, 52, 53, 54, 55, 56, 100)),
  delivered TEXT,
  usd_value INTEGER,                   -- cents
  exchange_rate TEXT,                  -- dollars for one of the currency
  crypto_value INTEGER,                -- satoshi, as crypto_received
  crypto_address TEXT,
  crypto_index INTEGER,
  crypto_received INTEGER NOT NULL DEFAULT 0,
  crypto_confirmations INTEGER NOT NULL DEFAULT 0,
  crypto_rate TEXT,                    -- price of one coin in the order's currency, as quoted
  rate_source TEXT,
  rate_at INTEGER,
  quote_expires_at INTEGER,
  quote_base INTEGER NOT NULL DEFAULT 0,   -- satoshi that had come when the quote was made …
  quote_credit INTEGER NOT NULL DEFAULT 0, -- … and the minor units of the price that they cover
  late INTEGER NOT NULL DEFAULT 0,     -- money came after the quote had run out
  coupon_id TEXT,
  custom TEXT,
  return_url TEXT,
  webhook_url TEXT,
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  watch_turn INTEGER NOT NULL DEFAULT 0,  -- which chain of look messages is the living one
  watch_lease INTEGER,                 -- until when that chain is trusted to be alive; null: nothing to watch
  watch_failures INTEGER NOT NULL DEFAULT 0, -- chains in a row that broke off; a look that comes to its end begins anew
  paid_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- By id is how orders are read, and what makes two starts of one payment one order.
CREATE UNIQUE INDEX orders_id ON orders (id);
-- Cron's question: whose chain of looks has broken off? Only open orders stand in it.
CREATE INDEX orders_watch ON orders (watch_lease) WHERE watch_lease IS NOT NULL;

-- Which orders of a test account are open? Its chain moves all at once. Orders that are paid with money have no entry here.
CREATE INDEX orders_watched_tests ON orders (account_id, seq) WHERE watch_lease IS NOT NULL AND test = 1;

-- Coins that were seen on their way to an order: one row an output. The key is the chain's own, so that seeing it
-- twice changes nothing.
CREATE TABLE transactions (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  txid TEXT NOT NULL,
  vout INTEGER NOT NULL,
  value INTEGER NOT NULL,              -- satoshi
  height INTEGER,                      -- of its block; null: unconfirmed
  gone INTEGER NOT NULL DEFAULT 0,     -- replaced, double-spent or reorganised away
  first_seen_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, order_id, txid, vout)
) STRICT, WITHOUT ROWID;

-- The chain of test accounts: theirs alone, and moved by /api/v2/test/….
CREATE TABLE simulated_chains (
  account_id INTEGER PRIMARY KEY,
  height INTEGER NOT NULL
) STRICT;

CREATE TABLE simulated_transactions (
  account_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  txid TEXT NOT NULL,
  value INTEGER NOT NULL,
  height INTEGER,
  PRIMARY KEY (account_id, address, txid)
) STRICT, WITHOUT ROWID;
