-- Coupons: codes that lower a price. Uses are counted by the holds of orders.
CREATE TABLE coupons (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  code TEXT NOT NULL,                  -- the seller's spelling; ASCII, so NOCASE is exact
  discount_type TEXT NOT NULL CHECK (discount_type IN ('percent', 'amount')),
  -- Hundredths of a percent, or minor units of the currency.
  discount INTEGER NOT NULL CHECK (discount > 0),
  currency TEXT,                       -- of an amount, and of the minimum
  minimum INTEGER,                     -- minor units that the order must come to without the coupon
  product_ids TEXT NOT NULL,           -- with commas between; empty: all products
  max_uses INTEGER,
  max_uses_per_email INTEGER,
  uses INTEGER NOT NULL DEFAULT 0,
  starts_at INTEGER,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((discount_type = 'amount' OR minimum IS NOT NULL) = (currency IS NOT NULL)),
  PRIMARY KEY (account_id, seq)
) STRICT;

-- The API names a coupon by id.
CREATE UNIQUE INDEX coupons_id ON coupons (account_id, id);
-- One coupon a code, in any case. The checkout asks: which coupon is this?
CREATE UNIQUE INDEX coupons_code ON coupons (account_id, code COLLATE NOCASE);
