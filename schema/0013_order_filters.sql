-- What filters of orders read (shop/order/filter.rs): one row for 1024 orders in a row. Each text
-- has one character an order, in the order of seq. A filtered page reads these rows, finds its
-- orders and their total in them, and reads only those orders. So no filter needs an index entry or
-- a count of its own, and any filters combine.
--
-- Indexes on status, product and gateway would cost each order three rows written and each change
-- of its status one, and a total would still be a count over the range. This costs one row written
-- for each of the two, for any filter.
CREATE TABLE order_blocks (
  account_id INTEGER NOT NULL,
  block INTEGER NOT NULL,              -- (seq - 1) / 1024
  first_at INTEGER NOT NULL,           -- the earliest created_at of the block
  last_at INTEGER NOT NULL,            -- the latest; clocks differ, so blocks may overlap a little
  statuses TEXT NOT NULL,              -- char(48 + status % 60): 0, c to h, X (of 100)
  gateways TEXT NOT NULL,              -- char(48 + n): the name after character n of gateway_names
  products TEXT NOT NULL,              -- the same, of product_ids
  gateway_names TEXT NOT NULL,         -- those of the block, with commas before, between and after
  product_ids TEXT NOT NULL,           -- the same. D1 bills items of JSON as rows read
  PRIMARY KEY (account_id, block)
) STRICT;

-- Which of 1024 orders in a row are a buyer's. An index would also cost one row written an order.
-- This table says besides where a page of the orders is, however many there are: a shop's own
-- e-mail may be in half of its orders.
CREATE TABLE order_emails (
  account_id INTEGER NOT NULL,
  email TEXT NOT NULL COLLATE NOCASE,  -- as mailboxes are compared
  block INTEGER NOT NULL,              -- (seq - 1) / 1024
  places TEXT NOT NULL,                -- a character an order: char(48 + (seq - 1) % 1024)
  PRIMARY KEY (account_id, email, block)
) STRICT, WITHOUT ROWID;

-- Triggers keep both tables, so no statement can forget them. Orders come in the order of their
-- seq, and are never deleted.
CREATE TRIGGER orders_mailed AFTER INSERT ON orders WHEN NEW.email IS NOT NULL BEGIN
  INSERT INTO order_emails (account_id, email, block, places)
  VALUES (NEW.account_id, COALESCE(NEW.email_key, NEW.email), (NEW.seq - 1) / 1024, char(48 + (NEW.seq - 1) % 1024))
  ON CONFLICT (account_id, email, block) DO UPDATE SET places = places || excluded.places;
END;

CREATE TRIGGER orders_made AFTER INSERT ON orders BEGIN
  INSERT INTO order_blocks
    (account_id, block, first_at, last_at, statuses, gateways, products, gateway_names, product_ids)
  VALUES (NEW.account_id, (NEW.seq - 1) / 1024, NEW.created_at, NEW.created_at, char(48 + NEW.status % 60),
    char(48 + 1), char(48 + 1), ',' || NEW.gateway || ',', ',' || NEW.product_id || ',')
  ON CONFLICT (account_id, block) DO UPDATE SET
    first_at = MIN(first_at, NEW.created_at),
    last_at = MAX(last_at, NEW.created_at),
    statuses = statuses || char(48 + NEW.status % 60),
    gateways = gateways
      || char(48 + COALESCE(NULLIF(instr(gateway_names, ',' || NEW.gateway || ','), 0), length(gateway_names))),
    products = products
      || char(48 + COALESCE(NULLIF(instr(product_ids, ',' || NEW.product_id || ','), 0), length(product_ids))),
    gateway_names = gateway_names
      || CASE WHEN instr(gateway_names, ',' || NEW.gateway || ',') THEN '' ELSE NEW.gateway || ',' END,
    product_ids = product_ids
      || CASE WHEN instr(product_ids, ',' || NEW.product_id || ',') THEN '' ELSE NEW.product_id || ',' END;
END;

CREATE TRIGGER orders_moved AFTER UPDATE OF status ON orders WHEN NEW.status <> OLD.status BEGIN
  UPDATE order_blocks SET statuses =
    substr(statuses, 1, (NEW.seq - 1) % 1024) || char(48 + NEW.status % 60) || substr(statuses, (NEW.seq - 1) % 1024 + 2)
  WHERE account_id = NEW.account_id AND block = (NEW.seq - 1) / 1024;
END;
