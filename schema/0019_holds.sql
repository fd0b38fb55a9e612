-- Holds: what an order that isn't paid yet keeps from other buyers, which is units of stock and a
-- use of its coupon. A hold is placed in the commit that makes the order. Its row goes when the
-- order is paid or its time is over. The triggers below move serials and counters, and nothing else
-- does. So no code can sell a unit twice: a CHECK of products refuses what isn't there, and a
-- serial's row has one order.
CREATE TABLE holds (
  account_id INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  -- The product's type when it was ordered.
  product_type INTEGER NOT NULL CHECK (product_type IN (1, 2, 3, 4)),
  units INTEGER NOT NULL CHECK (units >= 0),  -- 0: the product has no end
  coupon_id TEXT,
  email TEXT,                          -- the buyer's, in the form for comparing
  until INTEGER NOT NULL,              -- a hold that is over counts as free in every read
  PRIMARY KEY (account_id, order_id)
) STRICT, WITHOUT ROWID;

-- Which holds of the account are over?
CREATE INDEX holds_until ON holds (account_id, until);
-- Which of a product? A new order gives back as many as it needs before it takes its own.
CREATE INDEX holds_product ON holds (account_id, product_id, until);
-- Which keep a coupon? Most orders have none.
CREATE INDEX holds_coupons ON holds (account_id, until) WHERE coupon_id IS NOT NULL;
-- Which of all accounts? Cron gives them back, some each minute.
CREATE INDEX holds_over ON holds (until);

-- Which buyer used which coupon in which order. An order that wasn't paid gives its use back.
CREATE TABLE coupon_uses (
  account_id INTEGER NOT NULL,
  coupon_id TEXT NOT NULL,
  email TEXT NOT NULL,                 -- in the form for comparing; '' when there is none
  order_id TEXT NOT NULL,
  PRIMARY KEY (account_id, coupon_id, email, order_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER holds_placed AFTER INSERT ON holds BEGIN
  UPDATE products SET
    serials_left = serials_left - IIF(NEW.product_type = 2, NEW.units, 0),
    stock_amount = stock_amount - IIF(NEW.product_type = 2, 0, NEW.units),
    stock_held = stock_held + NEW.units
  WHERE account_id = NEW.account_id AND id = NEW.product_id AND NEW.units > 0;
  -- A product that is gone has no row that could refuse.
  SELECT RAISE(ABORT, 'CHECK constraint failed: products_stock') WHERE NEW.units > 0
    AND NOT EXISTS (SELECT 1 FROM products WHERE account_id = NEW.account_id AND id = NEW.product_id);

  -- What is left is owed to paid orders: a new buyer takes none of it, and they do.
  SELECT RAISE(ABORT, 'CHECK constraint failed: products_stock') WHERE NEW.units > 0
    AND (SELECT stock_owed > IIF(NEW.product_type = 2, serials_left, stock_amount) FROM products
         WHERE account_id = NEW.account_id AND id = NEW.product_id)
    AND NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND account_id = NEW.account_id
                    AND delivery = 'out_of_stock' AND status = 100);

  -- Who has their goods holds nothing: it would be sold with them, or lost.
  SELECT RAISE(ABORT, 'CHECK constraint failed: products_stock')
  WHERE COALESCE((SELECT delivery FROM orders WHERE id = NEW.order_id AND account_id = NEW.account_id), 'out_of_stock')
    <> 'out_of_stock';

  UPDATE serials SET state = 1, order_id = NEW.order_id
  WHERE account_id = NEW.account_id AND product_id = NEW.product_id AND state = 0 AND seq IN (
    SELECT seq FROM serials
    WHERE account_id = NEW.account_id AND product_id = NEW.product_id AND state = 0
    ORDER BY seq LIMIT IIF(NEW.product_type = 2, NEW.units, 0));

  -- They are delivered as one text, and a text of D1 has 2,000,000 bytes: so much is left for what
  -- an event, a row in an answer and a mail put around it, and a page of orders stays one that a
  -- Worker can hold (MAX_BYTES in src/shop/order/delivery.rs). As JSON, since there it is longest.
  SELECT RAISE(ABORT, 'CHECK constraint failed: order_fits') WHERE NEW.product_type = 2 AND 400000 < (
    SELECT SUM(LENGTH(CAST(json_quote(serial) AS BLOB))) FROM serials INDEXED BY serials_order
    WHERE account_id = NEW.account_id AND order_id = NEW.order_id AND state = 1);

  -- The coupon may have run out since the price was made.
  SELECT RAISE(ABORT, 'CHECK constraint failed: coupon_is_free') WHERE NEW.coupon_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM coupons WHERE account_id = NEW.account_id AND id = NEW.coupon_id
      AND (max_uses IS NULL OR uses < max_uses)
      AND (max_uses_per_email IS NULL OR max_uses_per_email > (SELECT COUNT(*) FROM coupon_uses u
        WHERE u.account_id = NEW.account_id AND u.coupon_id = NEW.coupon_id AND u.email = COALESCE(NEW.email, ''))));
  INSERT INTO coupon_uses (account_id, coupon_id, email, order_id)
  SELECT NEW.account_id, NEW.coupon_id, COALESCE(NEW.email, ''), NEW.order_id WHERE NEW.coupon_id IS NOT NULL;
  UPDATE coupons SET uses = uses + 1
  WHERE account_id = NEW.account_id AND id = NEW.coupon_id AND NEW.coupon_id IS NOT NULL;
END;

-- A statement of a trigger can't name an index for its own table, so the rows are found by a query
-- that does.

-- The order was paid and has its goods, or will have them: what it held is sold.
CREATE TRIGGER holds_sold AFTER DELETE ON holds
WHEN COALESCE((SELECT delivery FROM orders WHERE id = OLD.order_id AND account_id = OLD.account_id), 'out_of_stock')
  <> 'out_of_stock' BEGIN
  UPDATE products SET stock_held = stock_held - OLD.units
  WHERE account_id = OLD.account_id AND id = OLD.product_id AND OLD.units > 0;
  UPDATE serials SET state = 2
  WHERE account_id = OLD.account_id AND product_id = OLD.product_id AND state = 1 AND seq IN (
    SELECT seq FROM serials INDEXED BY serials_order
    WHERE account_id = OLD.account_id AND order_id = OLD.order_id AND state = 1);
  -- The buyer gets the serials of the order, all of them, and no others.
  SELECT RAISE(ABORT, 'an order is delivered other serials than it holds')
  WHERE OLD.product_type = 2 AND (SELECT delivered FROM orders WHERE id = OLD.order_id AND account_id = OLD.account_id)
    IS NOT (SELECT group_concat(serial, char(10)) FROM (
      SELECT serial FROM serials WHERE account_id = OLD.account_id AND order_id = OLD.order_id AND state = 2 ORDER BY seq));
END;

-- It wasn't: what it held is free. A sync that has read the order meanwhile must read it again.
CREATE TRIGGER holds_over AFTER DELETE ON holds
WHEN COALESCE((SELECT delivery FROM orders WHERE id = OLD.order_id AND account_id = OLD.account_id), 'out_of_stock')
  = 'out_of_stock' BEGIN
  UPDATE products SET
    serials_left = serials_left + IIF(OLD.product_type = 2, OLD.units, 0),
    stock_amount = stock_amount + IIF(OLD.product_type = 2, 0, OLD.units),
    stock_held = stock_held - OLD.units
  WHERE account_id = OLD.account_id AND id = OLD.product_id AND OLD.units > 0;
  DELETE FROM serials
  WHERE account_id = OLD.account_id AND product_id = OLD.product_id AND state = 1 AND seq IN (
    SELECT seq FROM serials INDEXED BY serials_order
    WHERE account_id = OLD.account_id AND order_id = OLD.order_id AND state = 1)
    AND NOT EXISTS (SELECT 1 FROM products WHERE account_id = OLD.account_id AND id = OLD.product_id);
  UPDATE serials SET state = 0, order_id = NULL
  WHERE account_id = OLD.account_id AND product_id = OLD.product_id AND state = 1 AND seq IN (
    SELECT seq FROM serials INDEXED BY serials_order
    WHERE account_id = OLD.account_id AND order_id = OLD.order_id AND state = 1);
  DELETE FROM coupon_uses
  WHERE account_id = OLD.account_id AND coupon_id = OLD.coupon_id AND email = COALESCE(OLD.email, '')
    AND order_id = OLD.order_id;
  UPDATE coupons SET uses = uses - 1
  WHERE account_id = OLD.account_id AND id = OLD.coupon_id AND OLD.coupon_id IS NOT NULL;
  UPDATE orders SET revision = revision + 1 WHERE id = OLD.order_id AND account_id = OLD.account_id;
END;

-- A paid order begins to wait for stock, or waits no more: it has its goods, or its money went back.
CREATE TRIGGER orders_wait AFTER UPDATE OF delivery, status ON orders
WHEN (NEW.delivery IS 'out_of_stock' AND NEW.status = 100) <> (OLD.delivery IS 'out_of_stock' AND OLD.status = 100) BEGIN
  UPDATE products SET stock_owed = stock_owed + IIF(NEW.delivery IS 'out_of_stock' AND NEW.status = 100, NEW.held, -NEW.held)
  WHERE account_id = NEW.account_id AND id = NEW.product_id;
END;

-- Serials reach a buyer by a hold alone.
CREATE TRIGGER orders_delivered AFTER UPDATE OF delivery ON orders
WHEN NEW.delivery = 'delivered' AND OLD.delivery IS NOT NEW.delivery AND NEW.product_type = 2
  AND NOT EXISTS (SELECT 1 FROM holds WHERE account_id = NEW.account_id AND order_id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'serials are delivered without a hold');
END;

-- A serial was found bad and another one takes its place: the buyer has the order's serials still,
-- all of them, and no others.
CREATE TRIGGER serials_replaced AFTER UPDATE OF state ON serials WHEN NEW.state = 3 AND OLD.state = 2 BEGIN
  SELECT RAISE(ABORT, 'an order is delivered other serials than it bought')
  WHERE (SELECT delivered FROM orders WHERE id = NEW.order_id AND account_id = NEW.account_id)
    IS NOT (SELECT group_concat(serial, char(10)) FROM (
      SELECT serial FROM serials WHERE account_id = NEW.account_id AND order_id = NEW.order_id AND state = 2 ORDER BY seq));
END;
