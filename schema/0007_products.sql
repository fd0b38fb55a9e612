-- Products, and the serials that they sell.
CREATE TABLE products (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- in the list of products (shop/list.rs)
  id TEXT NOT NULL,                    -- 8 hex
  title TEXT NOT NULL,
  description TEXT NOT NULL,           -- Markdown
  description_html TEXT NOT NULL DEFAULT '', -- the same, rendered when it was saved
  price INTEGER NOT NULL,              -- of one, in minor units
  currency TEXT NOT NULL,
  -- File, serials, dynamic, service.
  product_type INTEGER NOT NULL CHECK (product_type IN (1, 2, 3, 4)),
  gateways TEXT NOT NULL,              -- their names, with commas between
  private INTEGER NOT NULL CHECK (private IN (0, 1)),
  unlisted INTEGER NOT NULL CHECK (unlisted IN (0, 1)),
  vpn_block INTEGER NOT NULL CHECK (vpn_block IN (0, 1)),
  seller_note TEXT,
  maximum_quantity INTEGER,
  minimum_quantity INTEGER NOT NULL,
  stock_delimiter TEXT NOT NULL,
  stock_joint TEXT NOT NULL,           -- the delimiter with the seller's white space around it
  stock_amount INTEGER,                -- what isn't sold by serials; null: unlimited. Held units are out
  stock_warning INTEGER,               -- the seller is told once when fewer are left; null: never
  stock_held INTEGER NOT NULL DEFAULT 0, -- units that unpaid orders hold, of either kind
  -- Units that paid orders wait for: they are nobody else's, so they count as gone. Counted by
  -- orders_wait (schema/0019_holds.sql).
  stock_owed INTEGER NOT NULL DEFAULT 0,
  -- Cron delivers what waits, and not before this time again: others have their turn.
  restock_at INTEGER NOT NULL DEFAULT 0,
  -- What the seller was told of the stock since it was last filled: nothing, that it is low, or that
  -- it is out. So each event is told once.
  stock_told INTEGER NOT NULL DEFAULT 0 CHECK (stock_told IN (0, 1, 2)),
  volume_discounts TEXT,               -- JSON: [[quantity, hundredths of a percent], …]; null: none
  theme INTEGER NOT NULL,
  crypto_confirmations INTEGER NOT NULL,
  max_risk_level INTEGER NOT NULL,
  dynamic_url TEXT,
  info TEXT,                           -- what a buyer gets; products of serials have none
  email_message TEXT,                  -- stands in the mail that brings the goods; null: nothing
  paypal_email_delivery INTEGER NOT NULL CHECK (paypal_email_delivery IN (0, 1)),
  webhook_url TEXT,
  custom TEXT,                         -- JSON, an array of inputs
  -- Every commit that moves a serial counts, so a list of products reads no other table.
  -- Held and sold ones are out.
  serials_left INTEGER NOT NULL,
  -- Refuses a serial that the account has already.
  unique_serials INTEGER NOT NULL CHECK (unique_serials IN (0, 1)),
  serials_added INTEGER NOT NULL,      -- ever; the next serial's seq follows from it
  -- How many feedbacks it has, and the sum of their stars: a trigger counts them
  -- (schema/0015_feedbacks.sql), so that no page has to.
  feedback_count INTEGER NOT NULL DEFAULT 0,
  feedback_stars INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,

  -- R2 holds what the seller uploads; the row has its key and what we show of it. An upload's
  -- columns are all null or all set.
  image_id TEXT,                       -- 40 hex / 40 hex: key under images/, public address
  image_size INTEGER,                  -- bytes
  image_type TEXT,                     -- from its first bytes, never the client's word
  image_name TEXT,                     -- the seller's
  -- In pixels, as it is shown, so that a page knows its place before it comes.
  image_width INTEGER,
  image_height INTEGER,
  file_id TEXT,                        -- the key under files/, which no public route serves
  file_size INTEGER,                   -- bytes
  file_type TEXT,                      -- the client's word: shown, and never served as
  file_name TEXT,
  -- Whether anybody was delivered a file of it: then their receipts show one for ever. A trigger says
  -- so (schema/0020_deliveries.sql).
  file_sold INTEGER NOT NULL DEFAULT 0 CHECK (file_sold IN (0, 1)),
  PRIMARY KEY (account_id, seq),
  -- Refuses to hold or sell what isn't there (schema/0019_holds.sql).
  CONSTRAINT products_stock CHECK (serials_left >= 0 AND COALESCE(stock_amount, 0) >= 0)
) STRICT;

-- The API names a product by id, and a category's ids are checked here. A public page has nothing
-- but the id, so the id is unique in its shard and leads to the account.
CREATE UNIQUE INDEX products_id ON products (id);

-- Is this image the account's own? A description shows no other.
CREATE INDEX products_image ON products (account_id, image_id) WHERE image_id IS NOT NULL;
-- For which products do paid orders wait, and which of them was looked at longest ago? Most never
-- are here.
CREATE INDEX products_waiting ON products (restock_at) WHERE stock_owed > 0;

-- The last file of a product that was sold and has none any more, or is gone itself: whoever bought
-- it has it still, by their receipt. A new file takes its place.
CREATE TABLE sold_files (
  account_id INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  file_id TEXT NOT NULL,               -- as in products
  file_size INTEGER NOT NULL,
  file_type TEXT NOT NULL,
  file_name TEXT NOT NULL,
  PRIMARY KEY (account_id, product_id)
) STRICT, WITHOUT ROWID;

-- One row a serial. The state is in the key, so "the next ones in stock" and "all in stock" are
-- ranges of it, however many were sold before. An order's hold moves a row to another state and
-- counts serials_left down in the same commit (schema/0019_holds.sql). PUT replaces only those in
-- stock.
CREATE TABLE serials (
  account_id INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  -- In stock, held by an order that waits for its payment, sold, found bad and replaced.
  state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
  seq INTEGER NOT NULL,                -- the order of adding, which is the order of selling
  serial TEXT NOT NULL,
  order_id TEXT,                       -- the order that holds or bought it
  PRIMARY KEY (account_id, product_id, state, seq),
  CONSTRAINT serials_of_one_order CHECK ((state = 0) = (order_id IS NULL))
) STRICT, WITHOUT ROWID;

-- Which serials does the account have already, in any product and state? Sellers repeat a line on
-- purpose, so repeated serials are taken and reported; a product with unique_serials refuses them.
CREATE INDEX serials_text ON serials (account_id, serial);

-- Which serials does the order hold, or did it buy? Those in stock are not here.
CREATE INDEX serials_order ON serials (account_id, order_id) WHERE order_id IS NOT NULL;
