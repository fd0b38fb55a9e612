-- Feedbacks: what buyers say of their orders. They are never deleted, so seq is dense and a page of
-- the list is a range of it.
CREATE TABLE feedbacks (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL,            -- the order's, which never changes: saves a join
  product_title TEXT NOT NULL,         -- the same
  rating INTEGER NOT NULL CHECK (rating IN (-1, 0, 1)),
  stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  comment TEXT NOT NULL,               -- the buyer's; empty: none
  response TEXT NOT NULL,              -- the seller's; empty: none yet
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- The API names a feedback by id.
CREATE UNIQUE INDEX feedbacks_id ON feedbacks (account_id, id);
-- One an order.
CREATE UNIQUE INDEX feedbacks_order ON feedbacks (account_id, order_id);
