-- A payment link: the fields of POST /api/v2/pay. The signed token alone makes the page's first
-- paint. This row holds the rest, for the start of the payment.
CREATE TABLE payments (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 40 hex
  title TEXT NOT NULL,
  email TEXT,
  value INTEGER NOT NULL,              -- minor units of the currency, for all of the quantity
  currency TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  -- JSON, how many confirmations each gateway that the buyer may choose needs:
  -- {"bitcoin":1,"stripe":0}. It is settled when the link is made: the seller's settings may change.
  gateways TEXT NOT NULL,
  return_url TEXT NOT NULL,            -- empty: the buyer stays where they are
  webhook_url TEXT,
  webhook_dialect TEXT NOT NULL DEFAULT 'v2', -- in whose words that URL is told
  custom TEXT,                         -- JSON, as the seller sent it
  expires_at INTEGER NOT NULL,
  destroyed_at INTEGER,
  -- Set when the link expires: it has an order, and its row stays.
  started INTEGER NOT NULL DEFAULT 0 CHECK (started IN (0, 1)),
  created_at INTEGER NOT NULL,
  -- What is bought. All null: no product, the seller named title and price.
  product_id TEXT,
  product_type INTEGER,
  subtotal INTEGER,                    -- minor units, before discounts
  coupon_id TEXT,
  -- The e-mail in the forms under which a start looks for it: in those of its orders, and in those
  -- of the blacklist (JSON, shop/blacklist/keys). Null: the buyer is asked for an e-mail.
  email_key TEXT,
  email_keys TEXT,
  -- JSON, by gateway the address that its first start took: the wallet's identity and the index,
  -- {"bitcoin":["…",7]}. Of each wallet a link takes only one, however often and by however many
  -- buyers it is started, and whatever they choose in between. Otherwise anybody could push a wallet
  -- past the gap that other wallet programs scan.
  addresses TEXT,
  PRIMARY KEY (account_id, id)
) STRICT;

-- Cron asks: which links have expired? One without an order is deleted then.
CREATE INDEX payments_expiry ON payments (expires_at) WHERE started = 0;
