-- Requests for goods that are owed to sellers' servers (products of type 3). The row is written in
-- the commit that completes the order, and it is the outbox: queue messages only nudge. It goes
-- with the commit that delivers. One that stays without a due_at was given up.
CREATE TABLE deliveries (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  -- The product's when the order was completed, or when the seller had it delivered again.
  url TEXT NOT NULL,
  tries INTEGER NOT NULL,              -- begun ones: counted first, so that a crash counts as well
  began_at INTEGER NOT NULL,           -- the first try of this round; a day later nothing is tried
  next_at INTEGER NOT NULL,            -- no try before: of two messages for one try, one goes on
  due_at INTEGER,                      -- cron nudges then; null: given up
  error TEXT,                          -- the last try's: timeout, empty, status_500, ...
  PRIMARY KEY (account_id, order_id)
) STRICT, WITHOUT ROWID;

-- Cron asks: which requests did no message reach? Those that are over are not here.
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;

-- What moved an order: a row for each move of its status, and for each action of its seller.
-- Written by the commits that move it, since only they know by whom and why. One row a move.
CREATE TABLE order_history (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,                  -- 1, 2, 3 …
  at INTEGER NOT NULL,
  from_status INTEGER NOT NULL,
  to_status INTEGER NOT NULL,
  actor TEXT NOT NULL CHECK (actor IN ('gateway', 'seller', 'system')),
  action TEXT NOT NULL,                -- Action in src/shop/order/history.rs
  note TEXT,                           -- the seller's words, or what the action is about
  PRIMARY KEY (account_id, order_id, n)
) STRICT, WITHOUT ROWID;

-- Who was delivered a file has it for ever: the product notes that one was, at the first.
CREATE TRIGGER orders_file_sold AFTER UPDATE OF delivery ON orders
WHEN NEW.delivery = 'delivered' AND OLD.delivery IS NOT NEW.delivery AND NEW.product_type = 1 BEGIN
  UPDATE products SET file_sold = 1 WHERE account_id = NEW.account_id AND id = NEW.product_id AND file_sold = 0;
END;
