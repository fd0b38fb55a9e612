-- What sellers upload lies in R2; the row that shows it holds its key there and what is told of it. All of an upload's
-- columns are null, or none.
ALTER TABLE products ADD COLUMN image_id TEXT;        -- 40 hex / 40 hex: the object's key under images/, and its public address
ALTER TABLE products ADD COLUMN image_size INTEGER;   -- bytes
ALTER TABLE products ADD COLUMN image_type TEXT;      -- by its first bytes, never by the client's word
ALTER TABLE products ADD COLUMN image_name TEXT;      -- as the seller calls it
ALTER TABLE products ADD COLUMN file_id TEXT;         -- the key under files/, which nothing serves to the public
ALTER TABLE products ADD COLUMN file_size INTEGER;
ALTER TABLE products ADD COLUMN file_type TEXT;       -- the client's word: shown, and never served as
ALTER TABLE products ADD COLUMN file_name TEXT;
ALTER TABLE categories ADD COLUMN image_id TEXT;
ALTER TABLE categories ADD COLUMN image_size INTEGER;
ALTER TABLE categories ADD COLUMN image_type TEXT;
ALTER TABLE categories ADD COLUMN image_name TEXT;
