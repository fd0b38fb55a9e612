CREATE TABLE categories (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- in the list of categories (shop/list.rs)
  id TEXT NOT NULL,                    -- 8 hex
  title TEXT NOT NULL,
  product_ids TEXT NOT NULL,           -- a JSON array in the seller's order; a product that is destroyed is taken out of it
  unlisted INTEGER NOT NULL CHECK (unlisted IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How the API names a category.
CREATE UNIQUE INDEX categories_id ON categories (account_id, id);
