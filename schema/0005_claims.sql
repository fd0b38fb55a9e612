-- The address that a link's start has taken from the wallet: its key's identity and the index. A link takes one, however
-- often and by how many at once it is started, so that nobody can push a wallet past the gap that other wallet programs scan.
ALTER TABLE payments ADD COLUMN address_wallet TEXT;
ALTER TABLE payments ADD COLUMN address_index INTEGER;
