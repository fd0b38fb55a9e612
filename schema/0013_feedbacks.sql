-- What buyers say of their orders. Rows are never deleted, so seq is dense and a page of the list is a range of it.
CREATE TABLE feedbacks (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL,            -- the order's, as its title: they never change, and so a page reads this table alone
  product_title TEXT NOT NULL,
  rating INTEGER NOT NULL CHECK (rating IN (-1, 0, 1)),
  stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  comment TEXT NOT NULL,               -- the buyer's; empty: none
  response TEXT NOT NULL,              -- the seller's; empty: none yet
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How the API names a feedback.
CREATE UNIQUE INDEX feedbacks_id ON feedbacks (account_id, id);
-- One an order.
CREATE UNIQUE INDEX feedbacks_order ON feedbacks (account_id, order_id);
