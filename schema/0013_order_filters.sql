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

-- Triggers keep these tables, so no statement can forget them. Orders come in the order of their
-- seq, and are never deleted.
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

-- A second level over order_blocks: how many orders of each block have a status, gateway and
-- product. From these a filtered page knows its total and in which blocks its orders lie, and reads
-- those blocks alone (shop/order/filter.rs). With a million orders and two gateways that is 16 rows
-- instead of a thousand.
--
-- Rows written: none by an order, nor by its moves while it is among the last thousand or two of
-- its account. A block is counted once, when the one after it is full: a row for each product and
-- gateway that occur in it, which is a row an order at the very most, and one for each gateway. An
-- order that moves later writes two more. Counters that every order and every move kept would write
-- two rows each time; indexes would write as many, and their totals would still be counts.
CREATE TABLE order_counts (
  account_id INTEGER NOT NULL,
  product_id TEXT NOT NULL,            -- ',' for all products together: no id has a comma
  gateway TEXT NOT NULL,
  part INTEGER NOT NULL,               -- block / 128
  -- Of each block eight characters char(48 + count), of the statuses 0, 51 to 56 and 100; blocks at
  -- the end that have none are missing.
  counts TEXT NOT NULL,
  PRIMARY KEY (account_id, product_id, gateway, part)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_counted AFTER INSERT ON orders WHEN NEW.seq % 1024 = 0 AND NEW.seq > 1024 BEGIN
  INSERT INTO order_counts (account_id, product_id, gateway, part, counts)
  SELECT account_id, product_id, gateway, (NEW.seq / 1024 - 2) / 128,
    replace(printf('%*s', (NEW.seq / 1024 - 2) % 128 * 8, ''), ' ', '0')
      || char(48 + SUM(status = 0), 48 + SUM(status = 51), 48 + SUM(status = 52), 48 + SUM(status = 53),
              48 + SUM(status = 54), 48 + SUM(status = 55), 48 + SUM(status = 56), 48 + SUM(status = 100))
  FROM orders WHERE account_id = NEW.account_id AND seq BETWEEN NEW.seq - 2047 AND NEW.seq - 1024
  GROUP BY product_id, gateway
  ON CONFLICT (account_id, product_id, gateway, part) DO UPDATE SET
    counts = counts || substr(excluded.counts, length(counts) + 1);

  INSERT INTO order_counts (account_id, product_id, gateway, part, counts)
  SELECT account_id, ',', gateway, (NEW.seq / 1024 - 2) / 128,
    replace(printf('%*s', (NEW.seq / 1024 - 2) % 128 * 8, ''), ' ', '0')
      || char(48 + SUM(status = 0), 48 + SUM(status = 51), 48 + SUM(status = 52), 48 + SUM(status = 53),
              48 + SUM(status = 54), 48 + SUM(status = 55), 48 + SUM(status = 56), 48 + SUM(status = 100))
  FROM orders WHERE account_id = NEW.account_id AND seq BETWEEN NEW.seq - 2047 AND NEW.seq - 1024
  GROUP BY gateway
  ON CONFLICT (account_id, product_id, gateway, part) DO UPDATE SET
    counts = counts || substr(excluded.counts, length(counts) + 1);
END;

-- An order moves whose block was counted: one less of the old status, one more of the new.
CREATE TRIGGER orders_moved_late AFTER UPDATE OF status ON orders
WHEN NEW.status <> OLD.status
  AND EXISTS (SELECT 1 FROM orders WHERE account_id = NEW.account_id AND seq = ((NEW.seq - 1) / 1024 + 2) * 1024)
BEGIN
  UPDATE order_counts SET counts = substr(counts, 1, low)
    || char(unicode(substr(counts, low + 1, 1)) + step) || substr(counts, low + 2, high - low - 1)
    || char(unicode(substr(counts, high + 1, 1)) - step) || substr(counts, high + 2)
  FROM (
    SELECT start + MIN(old, new) AS low, start + MAX(old, new) AS high, IIF(new < old, 1, -1) AS step
    FROM (
      SELECT (NEW.seq - 1) / 1024 % 128 * 8 AS start, instr('0cdefghX', char(48 + OLD.status % 60)) - 1 AS old,
        instr('0cdefghX', char(48 + NEW.status % 60)) - 1 AS new
    )
  )
  WHERE account_id = NEW.account_id AND product_id IN (',', NEW.product_id) AND gateway = NEW.gateway
    AND part = (NEW.seq - 1) / 1024 / 128;
END;

-- What a buyer's orders are filtered by, of 8192 orders of the account in a row, so that a page of
-- theirs reads no blocks: a row for each 8192 orders at most, however often the e-mail occurs. One
-- row written an order, and one a move.
CREATE TABLE order_emails (
  account_id INTEGER NOT NULL,
  email TEXT NOT NULL COLLATE NOCASE,  -- as mailboxes are compared
  span INTEGER NOT NULL,               -- (seq - 1) / 8192
  -- A character an order, in the order of seq: char(48 + (seq - 1) % 8192).
  places TEXT NOT NULL,
  -- Of the same orders, as in order_blocks; and so are the others.
  statuses TEXT NOT NULL,
  gateways TEXT NOT NULL,
  -- But a quarter of the place in product_ids: each id has three letters at least, and 8192 many
  -- places.
  products TEXT NOT NULL,
  gateway_names TEXT NOT NULL,
  product_ids TEXT NOT NULL,
  PRIMARY KEY (account_id, email, span)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_mailed AFTER INSERT ON orders WHEN NEW.email IS NOT NULL BEGIN
  INSERT INTO order_emails (account_id, email, span, places, statuses, gateways, products, gateway_names, product_ids)
  VALUES (NEW.account_id, COALESCE(NEW.email_key, NEW.email), (NEW.seq - 1) / 8192, char(48 + (NEW.seq - 1) % 8192),
    char(48 + NEW.status % 60), char(48 + 1), char(48), ',' || NEW.gateway || ',', ',' || NEW.product_id || ',')
  ON CONFLICT (account_id, email, span) DO UPDATE SET
    places = places || excluded.places,
    statuses = statuses || excluded.statuses,
    gateways = gateways || char(48 + COALESCE(NULLIF(instr(gateway_names, excluded.gateway_names), 0), length(gateway_names))),
    products = products || char(48 + COALESCE(NULLIF(instr(product_ids, excluded.product_ids), 0), length(product_ids)) / 4),
    gateway_names = gateway_names || IIF(instr(gateway_names, excluded.gateway_names), '', substr(excluded.gateway_names, 2)),
    product_ids = product_ids || IIF(instr(product_ids, excluded.product_ids), '', substr(excluded.product_ids, 2));
END;

CREATE TRIGGER orders_mailed_moved AFTER UPDATE OF status ON orders WHEN NEW.status <> OLD.status AND NEW.email IS NOT NULL BEGIN
  UPDATE order_emails SET statuses =
    substr(statuses, 1, instr(places, char(48 + (NEW.seq - 1) % 8192)) - 1) || char(48 + NEW.status % 60)
      || substr(statuses, instr(places, char(48 + (NEW.seq - 1) % 8192)) + 1)
  WHERE account_id = NEW.account_id AND email = COALESCE(NEW.email_key, NEW.email) AND span = (NEW.seq - 1) / 8192;
END;
