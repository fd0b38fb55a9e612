CREATE TABLE products (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- in the list of products (shop/list.rs)
  id TEXT NOT NULL,                    -- 8 hex
  title TEXT NOT NULL,
  description TEXT NOT NULL,           -- markdown
  price INTEGER NOT NULL,              -- of one, in minor units
  currency TEXT NOT NULL,
  product_type INTEGER NOT NULL CHECK (product_type IN (1, 2, 3, 4)),  -- file, serials, dynamic, service
  gateways TEXT NOT NULL,              -- their names, with commas between
  private INTEGER NOT NULL CHECK (private IN (0, 1)),
  unlisted INTEGER NOT NULL CHECK (unlisted IN (0, 1)),
  vpn_block INTEGER NOT NULL CHECK (vpn_block IN (0, 1)),
  seller_note TEXT,
  maximum_quantity INTEGER,
  minimum_quantity INTEGER NOT NULL,
  stock_delimiter TEXT NOT NULL,
  stock_joint TEXT NOT NULL,           -- the delimiter with the white space that the seller writes around it
  stock_amount INTEGER,                -- of a file; null: without end
  theme INTEGER NOT NULL,
  crypto_confirmations INTEGER NOT NULL,
  max_risk_level INTEGER NOT NULL,
  dynamic_url TEXT,
  info TEXT,                           -- what a buyer gets, unless the product is one of serials
  paypal_email_delivery INTEGER NOT NULL CHECK (paypal_email_delivery IN (0, 1)),
  webhook_url TEXT,
  custom TEXT,                         -- JSON, an array of inputs
  -- Counted in each commit that moves a serial, so that a list of products reads products and nothing else.
  serials_left INTEGER NOT NULL CHECK (serials_left >= 0),
  unique_serials INTEGER NOT NULL CHECK (unique_serials IN (0, 1)),  -- it takes no serial that the account has already
  serials_added INTEGER NOT NULL,      -- ever: the next ones are numbered from here
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How the API names a product, and how a category's ids are checked.
CREATE UNIQUE INDEX products_id ON products (account_id, id);

-- What a product of serials sells, one row each. The state stands in the key, so that "the next ones in stock", "all in
-- stock" and "those that are held" are ranges of it, however many were sold before. A sale moves a row to another state
-- (and counts serials_left down in the same commit); PUT replaces those in stock and no others.
CREATE TABLE serials (
  account_id INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),  -- in stock, held by an order that waits for its payment, sold
  seq INTEGER NOT NULL,                -- the order in which they were added, in which they are sold
  serial TEXT NOT NULL,
  order_id TEXT,                       -- who holds it or has bought it
  held_until INTEGER,                  -- when the hold ends
  PRIMARY KEY (account_id, product_id, state, seq),
  CONSTRAINT serials_of_one_order CHECK ((state = 0) = (order_id IS NULL)),
  CONSTRAINT serials_held CHECK ((state = 1) = (held_until IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Which serials does the account have already, in whatever product and state? Repeated ones are taken and reported, since
-- sellers repeat a line on purpose; a product with unique_serials refuses them.
CREATE INDEX serials_text ON serials (account_id, serial);
