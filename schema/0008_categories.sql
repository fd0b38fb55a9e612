-- Categories: products under a title.
CREATE TABLE categories (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                -- in the list of categories (shop/list.rs)
  id TEXT NOT NULL,                    -- 8 hex
  title TEXT NOT NULL,
  product_ids TEXT NOT NULL,           -- a JSON array in the seller's order; no deleted product
  unlisted INTEGER NOT NULL CHECK (unlisted IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  image_id TEXT,                       -- an uploaded image, as in products
  image_size INTEGER,
  image_type TEXT,
  image_name TEXT,
  image_width INTEGER,
  image_height INTEGER,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- Is this image the account's own? A description shows no other.
CREATE INDEX categories_image ON categories (account_id, image_id) WHERE image_id IS NOT NULL;

-- The API names a category by id. It leads to the account, as a product's does.
CREATE UNIQUE INDEX categories_id ON categories (id);
