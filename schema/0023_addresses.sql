-- Addresses that are used again: wallets look only some twenty unused addresses ahead, so those of orders that were never
-- paid must not stay behind as a gap.

-- Indexes that an order gave back when its watch ended: nothing ever came to their addresses.
CREATE TABLE free_addresses (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  identity TEXT NOT NULL,              -- the wallet's
  address_index INTEGER NOT NULL,
  PRIMARY KEY (account_id, gateway, identity, address_index)
) STRICT, WITHOUT ROWID;

-- The index that was taken last: the lowest free one, or the next. Taking it is one update of one row, so that no two orders
-- take the same.
ALTER TABLE wallets ADD COLUMN last_index INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER free_addresses_taken AFTER UPDATE OF last_index ON wallets BEGIN
  DELETE FROM free_addresses WHERE account_id = NEW.account_id AND gateway = NEW.gateway
    AND identity = NEW.identity AND address_index = NEW.last_index;
END;
