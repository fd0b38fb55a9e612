-- Orders, and the facts about their payment from chains (transactions) and gateways (movements).

-- Orders are never deleted, so seq is dense and a page of the list is a range of it.
CREATE TABLE orders (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- UUIDv4; of a payment link, from the link's id
  revision INTEGER NOT NULL,           -- counts changes: a commit names the revision that it read
  payment_id TEXT,
  origin TEXT NOT NULL DEFAULT '',     -- https://host where the buyer was; links to the order begin so
  product_id TEXT NOT NULL,
  product_title TEXT NOT NULL,
  email TEXT,                          -- as typed
  email_key TEXT,                      -- the form for comparing, if it isn't email in lower case
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
  delivered TEXT,                      -- what the buyer got
  product_type INTEGER,                -- the product's when it was ordered; null: no product
  subtotal INTEGER,                    -- minor units before discounts; null: no product
  held INTEGER NOT NULL DEFAULT 0,     -- units of stock that it takes; 0: the product has no end
  delivery TEXT CHECK (delivery IN ('delivered', 'preparing', 'failed', 'out_of_stock', 'manual')),
  -- The seller has completed it by hand: what came or comes of money moves it no more, unless it is
  -- refunded.
  accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
  -- 1: its risk is above the limit, and money doesn't complete it. 2: its seller has let it pass, and
  -- no risk holds it again. It says more than status 52: an order in review may be refunded or
  -- disputed, and money that comes back to it must not complete it either.
  review INTEGER NOT NULL DEFAULT 0 CHECK (review BETWEEN 0 AND 2),
  usd_value INTEGER,                   -- cents
  exchange_rate TEXT,                  -- dollars for one of the currency
  crypto_value INTEGER,                -- the coin's smallest units, as crypto_received
  crypto_address TEXT,
  crypto_index INTEGER,                -- null: none, or the order gave it back
  crypto_received INTEGER NOT NULL DEFAULT 0,
  crypto_confirmations INTEGER NOT NULL DEFAULT 0,
  crypto_rate TEXT,                    -- price of one coin in the order's currency, as quoted
  rate_source TEXT,
  rate_at INTEGER,
  quote_expires_at INTEGER,
  quote_base INTEGER NOT NULL DEFAULT 0,   -- units that had come before the quote …
  quote_credit INTEGER NOT NULL DEFAULT 0, -- … and the minor units of the price that they cover
  late INTEGER NOT NULL DEFAULT 0,     -- money came after the quote had run out
  coupon_id TEXT,
  custom TEXT,                         -- JSON, as the seller sent it
  return_url TEXT,
  webhook_url TEXT,
  webhook_dialect TEXT NOT NULL DEFAULT 'v2', -- in whose words that URL is told
  downloads INTEGER NOT NULL DEFAULT 0, -- how often its file was fetched; no revision counts it
  downloaded_at INTEGER,               -- when that was last counted: parts of one visit count once
  abandoned_at INTEGER,                -- when its time was over and nothing had come (order/cart.rs)
  test INTEGER NOT NULL CHECK (test IN (0, 1)),
  sync_generation INTEGER NOT NULL DEFAULT 0,  -- which chain of sync messages is the living one
  sync_lease INTEGER,                 -- that chain counts as alive until; null: nothing to sync
  sync_failures INTEGER NOT NULL DEFAULT 0, -- broken chains in a row; a finished sync resets
  paid_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,

  -- An order that is paid on a gateway's page has a session instead of an address.
  session_id TEXT,                     -- the gateway's id of the payment; '' where it has none
  session_url TEXT,                    -- where the buyer pays
  session_expires_at INTEGER,
  -- Open, declined, spent.
  session_state INTEGER NOT NULL DEFAULT 0 CHECK (session_state BETWEEN 0 AND 2),
  session_past TEXT NOT NULL DEFAULT '',     -- ids of earlier sessions, with spaces between
  paid_value INTEGER NOT NULL DEFAULT 0,     -- minor units that came on the gateway's books …
  refunded_value INTEGER NOT NULL DEFAULT 0, -- … and that went back
  wrong_currency INTEGER NOT NULL DEFAULT 0, -- money came in a wrong currency
  inquiry INTEGER NOT NULL DEFAULT 0,        -- the buyer asks the gateway about the payment

  -- An order whose chain shows a balance, or is read block by block, has these.
  crypto_base INTEGER NOT NULL DEFAULT 0,    -- what the address held before the order
  crypto_cursor INTEGER,                     -- blocks up to here were read

  -- The account's policy when the order was made: a promise to a buyer doesn't change afterwards.
  underpayment_per_mille INTEGER NOT NULL DEFAULT 5,
  spread_basis_points INTEGER NOT NULL DEFAULT 0,
  quote_minutes INTEGER NOT NULL DEFAULT 20,
  watch_hours INTEGER NOT NULL DEFAULT 24,

  -- Copies of facts of other tables, so that a page of orders reads no other. The product's place in
  -- its list and the names of its inputs are as they were then: it may be changed or gone since.
  product_seq INTEGER,                 -- null: no product
  custom_names TEXT,                   -- JSON, by the inputs' index; null: the names are in custom
  transaction_id TEXT,                 -- the first that pays it, by the chain's or the gateway's id
  disputed_at INTEGER,                 -- when a gateway took its money back or held it, the last time

  -- What was known when somebody began the order. Nobody but its risk report and the trial of a
  -- rule reads the last two, so they stand at the end: other reads stop before them.
  network TEXT,                        -- the IPv4 address, or the first 64 bits of the IPv6 address
  -- JSON: what rules read (shop/rule), without what the columns above say (src/shop/order/facts.rs).
  facts TEXT,
  reasons TEXT,                        -- JSON: what was looked at, and what decided (shop/fraud)
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How many orders has this network made within a day? One row written an order that has an address.
CREATE INDEX orders_network ON orders (account_id, network, created_at) WHERE network IS NOT NULL;
-- Orders are read by id. It also makes two starts of one payment one order.
CREATE UNIQUE INDEX orders_id ON orders (id);
-- Cron asks: whose chain of sync messages has broken off? Only open orders are here.
CREATE INDEX orders_watch ON orders (sync_lease) WHERE sync_lease IS NOT NULL;
-- Which orders of a test account are open? Its whole chain moves at once. Orders for real money are
-- not here.
CREATE INDEX orders_watched_tests ON orders (account_id, seq)
  WHERE sync_lease IS NOT NULL AND test = 1;

-- Which paid orders wait for stock, by product, oldest first? Most orders never do, and cost nothing
-- here. Those that need more than there is are passed over in the index alone.
CREATE INDEX orders_waiting ON orders (account_id, product_id, seq, held)
  WHERE delivery = 'out_of_stock' AND status = 100;
-- How much does the one need that needs least? With less in stock nothing of the product is due.
CREATE INDEX orders_waiting_least ON orders (account_id, product_id, held)
  WHERE delivery = 'out_of_stock' AND status = 100;

-- How many orders of an account wait for coins at a price that holds? Strangers make them, so there
-- is a bound (gateway/wallet.rs). One in review waits for them as well.
CREATE INDEX orders_unpaid ON orders (account_id, quote_expires_at) WHERE status IN (0, 52) AND crypto_index IS NOT NULL;
-- Which amount tags are taken? Orders that share one address differ in them (gateway/invoice.rs).
-- Most accounts have an address for each order, and no row here.
CREATE INDEX orders_tags ON orders (account_id, gateway, (crypto_index % 9999))
  WHERE crypto_cursor IS NOT NULL AND crypto_index IS NOT NULL AND (sync_lease IS NOT NULL OR status IN (0, 52, 53, 54));

-- On-chain payments: one row an output that pays an order. The key is the chain's own, so a
-- repeated observation changes nothing.
CREATE TABLE transactions (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  txid TEXT NOT NULL,
  vout INTEGER NOT NULL,
  value INTEGER NOT NULL,              -- the coin's smallest units
  height INTEGER,                      -- of its block; null: unconfirmed
  gone INTEGER NOT NULL DEFAULT 0,     -- replaced, double-spent or reorganised away
  first_seen_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, order_id, txid, vout)
) STRICT, WITHOUT ROWID;

-- Orders that share one address tell their payments apart by the amount, and amounts repeat once
-- the order that had one is over. The first order that has a transaction keeps it, so one payment
-- never pays two orders. Such a transaction has its hash as Ethereum writes it. What comes to an order's own
-- address has another name.
CREATE UNIQUE INDEX transactions_shared ON transactions (account_id, txid) WHERE txid GLOB '0x*';

-- Ledger entries: what PayPal and Stripe say of an order's payment. The key is theirs, so a
-- repeated entry changes nothing. The result is a function of the set of rows. A row never changes,
-- except that the latest time of a dispute's state and the latest charge of a card are kept.
CREATE TABLE movements (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  id TEXT NOT NULL,                    -- the gateway's id of this fact
  kind TEXT NOT NULL,                  -- Kind in src/shop/order/ledger.rs
  about TEXT NOT NULL,                 -- the payment that the entry is about
  value INTEGER NOT NULL CHECK (value >= 0), -- minor units
  at INTEGER NOT NULL,                 -- by the gateway's clock
  -- Of a payment by card, what Stripe says of it: all null of others.
  card TEXT,                           -- a hash of the card's fingerprint at Stripe: it is only compared
  card_country TEXT,                   -- of the bank that gave it out, ISO 3166-1 alpha-2
  card_risk TEXT CHECK (card_risk IN ('normal', 'elevated', 'highest')), -- how Stripe rates the payment
  PRIMARY KEY (account_id, order_id, id, kind)
) STRICT, WITHOUT ROWID;

-- Is a notification that names no order about a payment of the account's?
CREATE INDEX movements_about ON movements (account_id, about);
-- How many orders has this card paid within a day? One row written a payment by card.
CREATE INDEX movements_card ON movements (account_id, card, at) WHERE card IS NOT NULL;
