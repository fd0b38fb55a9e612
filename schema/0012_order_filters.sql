-- What orders are filtered by, of 1024 orders in a row: each text has a character an order, in the order of seq. A filtered
-- page reads these rows, finds in them which orders it shows and how many there are in all, and reads those orders:
-- neither an index entry nor a count is kept for each filter, and any filters combine (shop/order/filter.rs).
--
-- Against indexes: an index on status, product and gateway costs each order three rows written and each change of its
-- status one, and a total is still a count over the range. This costs one row written each, whatever is filtered by.
CREATE TABLE order_blocks (
  account_id INTEGER NOT NULL,
  block INTEGER NOT NULL,              -- (seq - 1) / 1024
  first_at INTEGER NOT NULL,           -- the earliest created_at of the block
  last_at INTEGER NOT NULL,            -- the latest; clocks differ, so blocks may overlap a little
  statuses TEXT NOT NULL,              -- char(48 + status % 60): 0 is 0, 51 to 56 are c to h, 100 is X
  gateways TEXT NOT NULL,              -- char(48 + n): the name that follows the nth character of gateway_names
  products TEXT NOT NULL,              -- the same, of product_ids
  gateway_names TEXT NOT NULL,         -- those that occur in the block, with commas before, between and after
  product_ids TEXT NOT NULL,           -- the same. Not JSON: D1 bills the items of json_each as rows read
  PRIMARY KEY (account_id, block)
) STRICT;

-- Which of 1024 orders in a row are a buyer's. At the one row written an order that an index would cost it tells as well where
-- a page of them lies, however many there are: a shop's own address may stand in half of its orders.
CREATE TABLE order_emails (
  account_id INTEGER NOT NULL,
  email TEXT NOT NULL COLLATE NOCASE,  -- as mailboxes are compared
  block INTEGER NOT NULL,              -- (seq - 1) / 1024
  places TEXT NOT NULL,                -- a character an order: char(48 + (seq - 1) % 1024)
  PRIMARY KEY (account_id, email, block)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_mailed AFTER INSERT ON orders WHEN NEW.email IS NOT NULL BEGIN
  INSERT INTO order_emails (account_id, email, block, places)
  VALUES (NEW.account_id, COALESCE(NEW.email_key, NEW.email), (NEW.seq - 1) / 1024, char(48 + (NEW.seq - 1) % 1024))
  ON CONFLICT (account_id, email, block) DO UPDATE SET places = places || excluded.places;
END;

-- The orders that are there already.
INSERT INTO order_blocks
  (account_id, block, first_at, last_at, statuses, gateways, products, gateway_names, product_ids)
WITH gateways AS MATERIALIZED (
  SELECT account_id, block, name, SUM(1 + length(name)) OVER same - length(name) AS n
  FROM (SELECT DISTINCT account_id, (seq - 1) / 1024 AS block, gateway AS name FROM orders)
  WINDOW same AS (PARTITION BY account_id, block ORDER BY name)
), products AS MATERIALIZED (
  SELECT account_id, block, name, SUM(1 + length(name)) OVER same - length(name) AS n
  FROM (SELECT DISTINCT account_id, (seq - 1) / 1024 AS block, product_id AS name FROM orders)
  WINDOW same AS (PARTITION BY account_id, block ORDER BY name)
), cells AS (
  SELECT o.account_id, (o.seq - 1) / 1024 AS block, o.created_at, char(48 + o.status % 60) AS status,
    char(48 + (SELECT n FROM gateways AS g WHERE g.account_id = o.account_id AND g.block = (o.seq - 1) / 1024 AND g.name = o.gateway)) AS gateway,
    char(48 + (SELECT n FROM products AS p WHERE p.account_id = o.account_id AND p.block = (o.seq - 1) / 1024 AND p.name = o.product_id)) AS product
  FROM orders AS o ORDER BY o.account_id, o.seq
)
SELECT account_id, block, MIN(created_at), MAX(created_at),
  group_concat(status, ''), group_concat(gateway, ''), group_concat(product, ''),
  (SELECT ',' || group_concat(name || ',', '') FROM (SELECT name FROM gateways AS g WHERE g.account_id = c.account_id AND g.block = c.block ORDER BY n)),
  (SELECT ',' || group_concat(name || ',', '') FROM (SELECT name FROM products AS p WHERE p.account_id = c.account_id AND p.block = c.block ORDER BY n))
FROM cells AS c GROUP BY account_id, block;

-- Triggers keep it, so that no statement can forget to. Orders come in the order of their seq, and never go.
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
