-- All gateways: pages of PayPal and Stripe beside coins, and how exact a payment has to be.

-- An order that is paid on a gateway's page has these instead of an address …
ALTER TABLE orders ADD COLUMN session_id TEXT;          -- the gateway's own id of the payment; '' where it has none
ALTER TABLE orders ADD COLUMN session_url TEXT;         -- where the buyer pays
ALTER TABLE orders ADD COLUMN session_expires_at INTEGER;
ALTER TABLE orders ADD COLUMN session_state INTEGER NOT NULL DEFAULT 0 CHECK (session_state BETWEEN 0 AND 2); -- open, declined, spent
ALTER TABLE orders ADD COLUMN session_past TEXT NOT NULL DEFAULT '';     -- ids of its earlier pages, with spaces between
ALTER TABLE orders ADD COLUMN paid_value INTEGER NOT NULL DEFAULT 0;     -- minor units that have come on its books …
ALTER TABLE orders ADD COLUMN refunded_value INTEGER NOT NULL DEFAULT 0; -- … and that went back
ALTER TABLE orders ADD COLUMN strange INTEGER NOT NULL DEFAULT 0;        -- money came that it can't be paid with
ALTER TABLE orders ADD COLUMN inquiry INTEGER NOT NULL DEFAULT 0;        -- the buyer asks about it at the gateway
-- … and one whose chain is seen as a balance, or block by block, these.
ALTER TABLE orders ADD COLUMN crypto_base INTEGER NOT NULL DEFAULT 0;    -- what its address held before it
ALTER TABLE orders ADD COLUMN crypto_cursor INTEGER;    -- blocks up to here were read

-- The account's policy as it was when the order was made: what a buyer was promised doesn't change under him.
ALTER TABLE orders ADD COLUMN underpayment_per_mille INTEGER NOT NULL DEFAULT 5;
ALTER TABLE orders ADD COLUMN spread_basis_points INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN quote_minutes INTEGER NOT NULL DEFAULT 20;
ALTER TABLE orders ADD COLUMN watch_hours INTEGER NOT NULL DEFAULT 24;

ALTER TABLE shops ADD COLUMN underpayment_per_mille INTEGER NOT NULL DEFAULT 5 CHECK (underpayment_per_mille BETWEEN 0 AND 100);
ALTER TABLE shops ADD COLUMN spread_basis_points INTEGER NOT NULL DEFAULT 0 CHECK (spread_basis_points BETWEEN 0 AND 2000);
ALTER TABLE shops ADD COLUMN quote_minutes INTEGER NOT NULL DEFAULT 20 CHECK (quote_minutes BETWEEN 5 AND 120);
ALTER TABLE shops ADD COLUMN watch_hours INTEGER NOT NULL DEFAULT 24 CHECK (watch_hours BETWEEN 1 AND 168);

-- What PayPal and Stripe say of an order's payment. The key is theirs, so that hearing it twice changes nothing. What the rows come
-- to is a function of the set. A row is never changed, except that the latest time of a dispute's state is kept.
CREATE TABLE movements (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  id TEXT NOT NULL,                    -- the gateway's id of this fact
  kind TEXT NOT NULL,                  -- see Kind in src/shop/order/movement.rs
  about TEXT NOT NULL,                 -- the payment it is about
  value INTEGER NOT NULL CHECK (value >= 0), -- minor units
  at INTEGER NOT NULL,                 -- by the gateway's clock
  PRIMARY KEY (account_id, order_id, id, kind)
) STRICT, WITHOUT ROWID;

-- Is a notice that names no order about a payment of the account's?
CREATE INDEX movements_about ON movements (account_id, about);

-- What came to /gateways/…, as it came. It is answered when it is here, and heard afterwards.
CREATE TABLE notices (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  id TEXT NOT NULL,                    -- the gateway's own: twice the same is once
  body TEXT NOT NULL,                  -- the bytes, unchanged: PayPal wants them back; '' once it was heard
  headers TEXT NOT NULL,               -- JSON object
  tries INTEGER NOT NULL DEFAULT 0,    -- how often hearing it was begun
  due_at INTEGER,                      -- when cron takes it up; null: it was heard
  received_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, gateway, id)
) STRICT;

-- Cron's questions: what was not heard, and what is old? Heard ones leave the first.
CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL;
-- Of an account's: how many wait to be heard?
CREATE INDEX notices_unheard ON notices (account_id) WHERE due_at IS NOT NULL;
CREATE INDEX notices_received ON notices (received_at);

-- A wallet's own confirmations may be more than the six that a payment can ask for: Ethereum's blocks are quick. A CHECK
-- can't be changed in place.
CREATE TABLE wallets_new (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,               -- bitcoin litecoin ethereum
  identity TEXT NOT NULL,              -- SHA-256 of chain code and public key, or of the address, hex
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  xpub TEXT NOT NULL,                  -- as given, sealed
  branch TEXT NOT NULL,                -- m/0, ready to derive from, or the one address; sealed
  confirmations INTEGER NOT NULL CHECK (confirmations BETWEEN 0 AND 64),
  next_index INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  least INTEGER NOT NULL DEFAULT 0,    -- the coin's smallest units: less is dust, or costs more to spend than it is
  PRIMARY KEY (account_id, gateway, identity)
) STRICT, WITHOUT ROWID;
INSERT INTO wallets_new (account_id, gateway, identity, active, xpub, branch, confirmations, next_index, created_at) SELECT account_id, gateway, identity, active, xpub, branch, confirmations, next_index, created_at FROM wallets;
DROP TABLE wallets;
ALTER TABLE wallets_new RENAME TO wallets;
CREATE UNIQUE INDEX wallets_one_owner ON wallets (identity, gateway) WHERE active = 1;
CREATE INDEX wallets_identity ON wallets (identity, gateway);
