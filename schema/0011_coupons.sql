-- What a buyer can type in to pay less. Stored and listed; the checkout does not ask for one yet.
CREATE TABLE coupons (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  code TEXT NOT NULL,                  -- as its seller spells it: ASCII, so that NOCASE knows all its letters
  discount_type TEXT NOT NULL CHECK (discount_type IN ('percent', 'amount')),
  discount INTEGER NOT NULL CHECK (discount > 0),  -- hundredths of a percent, or minor units of the currency
  currency TEXT,                       -- of an amount
  product_ids TEXT NOT NULL,           -- with commas between; empty: all products
  max_uses INTEGER,
  uses INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((discount_type = 'amount') = (currency IS NOT NULL)),
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How the API names a coupon.
CREATE UNIQUE INDEX coupons_id ON coupons (account_id, id);
-- One coupon a code, however a buyer types it, and the checkout's question: which one is this?
CREATE UNIQUE INDEX coupons_code ON coupons (account_id, code COLLATE NOCASE);
