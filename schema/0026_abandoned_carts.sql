-- Abandoned carts: orders with a page whose time ran out before anything came. What is shown of one is
-- copied, because a page of the list then reads its own rows alone; none of it ever changes in the order.
--
-- Rows written: two and the order's own, once, when a sync finds that the time is over; one more if the
-- order is completed after all. An order that is paid in time costs nothing here.
CREATE TABLE abandoned_carts (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- never deleted, so it is dense
  id TEXT NOT NULL,                    -- the order's
  origin TEXT NOT NULL,                -- https://host of its page
  product_id TEXT NOT NULL,
  product_title TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  value INTEGER NOT NULL,              -- minor units
  currency TEXT NOT NULL,
  email TEXT,
  notes TEXT,                          -- the seller's; few have any, so rows are narrow
  created_at INTEGER NOT NULL,         -- when the order was made
  abandoned_at INTEGER NOT NULL,
  recovered_at INTEGER,                -- when it was completed after all
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- The API names a cart by its order, and an order has one.
CREATE UNIQUE INDEX abandoned_carts_id ON abandoned_carts (account_id, id);

CREATE TRIGGER abandoned_carts_recovered AFTER UPDATE OF status ON orders
WHEN NEW.status = 100 AND OLD.status <> 100 AND NEW.abandoned_at IS NOT NULL BEGIN
  UPDATE abandoned_carts SET recovered_at = NEW.updated_at, updated_at = NEW.updated_at
  WHERE account_id = NEW.account_id AND id = NEW.id;
END;
