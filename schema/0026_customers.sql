-- Customers: the e-mails that orders came from, with what their orders come to. Nobody writes here but
-- the triggers below, so whatever moves an order moves its customer, in the same commit.
--
-- Rows written: two by the first order of an e-mail (the row and its index), one by each further one, and
-- one when an order becomes complete or is so no more. Read from orders instead, a customer of n orders
-- would cost n rows each time, and a list of customers all orders there are
-- (docs/decisions/0034-customers-are-counted-by-the-commits-that-move-orders.md).
CREATE TABLE customers (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- by their first order. Customers stay, as orders do, so it is dense
  email TEXT NOT NULL COLLATE NOCASE,  -- in the form for comparing
  typed TEXT NOT NULL,                 -- as the last order has it
  orders INTEGER NOT NULL,
  paid_orders INTEGER NOT NULL DEFAULT 0,    -- those that are complete now
  paid_value INTEGER NOT NULL DEFAULT 0,     -- what these were worth in cents; without a rate, nothing
  first_order_id TEXT NOT NULL,
  first_order_at INTEGER NOT NULL,
  last_order_id TEXT NOT NULL,
  last_order_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- Whose row is this e-mail's? An order asks, and there is one row an e-mail.
CREATE UNIQUE INDEX customers_email ON customers (account_id, email);

CREATE TRIGGER customers_ordered AFTER INSERT ON orders WHEN NEW.email IS NOT NULL BEGIN
  INSERT INTO customers (account_id, seq, email, typed, orders, first_order_id, first_order_at, last_order_id, last_order_at, updated_at)
  VALUES (NEW.account_id, (SELECT COALESCE(MAX(seq), 0) + 1 FROM customers WHERE account_id = NEW.account_id),
    COALESCE(NEW.email_key, NEW.email), NEW.email, 1, NEW.id, NEW.created_at, NEW.id, NEW.created_at, NEW.created_at)
  ON CONFLICT (account_id, email) DO UPDATE SET
    orders = orders + 1,
    typed = excluded.typed,
    last_order_id = excluded.last_order_id,
    last_order_at = excluded.last_order_at,
    updated_at = MAX(updated_at + 1, excluded.updated_at);
END;

CREATE TRIGGER customers_paid AFTER UPDATE OF status ON orders
WHEN (NEW.status = 100) <> (OLD.status = 100) AND NEW.email IS NOT NULL BEGIN
  UPDATE customers SET
    paid_orders = paid_orders + IIF(NEW.status = 100, 1, -1),
    paid_value = paid_value + IIF(NEW.status = 100, 1, -1) * COALESCE(NEW.usd_value, 0),
    updated_at = MAX(updated_at + 1, NEW.updated_at)
  WHERE account_id = NEW.account_id AND email = COALESCE(NEW.email_key, NEW.email);
END;
