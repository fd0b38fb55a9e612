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
-- What was said of a product, newest first? Its page shows the newest.
CREATE INDEX feedbacks_product ON feedbacks (account_id, product_id, seq);

-- A product's page shows how many there are and their average, and counts no rows.
CREATE TRIGGER feedbacks_given AFTER INSERT ON feedbacks BEGIN
  UPDATE products SET feedback_count = feedback_count + 1, feedback_stars = feedback_stars + NEW.stars
  WHERE account_id = NEW.account_id AND id = NEW.product_id;
END;

CREATE TRIGGER feedbacks_changed AFTER UPDATE OF stars ON feedbacks WHEN NEW.stars <> OLD.stars BEGIN
  UPDATE products SET feedback_stars = feedback_stars + NEW.stars - OLD.stars
  WHERE account_id = NEW.account_id AND id = NEW.product_id;
END;
