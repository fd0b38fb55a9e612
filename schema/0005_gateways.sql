-- Gateways: settings of those that are no wallets, and what they send.

-- One row a setting: a change is one write and needs no read.
CREATE TABLE gateway_settings (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,               -- paypal, stripe
  name TEXT NOT NULL,                  -- email, client_id, client_secret; secret_key, …
  value TEXT NOT NULL,                 -- sealed under VAULT_KEY
  PRIMARY KEY (account_id, gateway, name)
) STRICT, WITHOUT ROWID;

-- Notifications: what came to /gateways/…, unchanged. We answer when the row is here, and process
-- it later.
CREATE TABLE notifications (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  id TEXT NOT NULL,                    -- the gateway's own, so a repetition is the same row
  body TEXT NOT NULL,                  -- the bytes, as PayPal wants them back; '' once processed
  headers TEXT NOT NULL,               -- JSON object
  tries INTEGER NOT NULL DEFAULT 0,    -- how often processing began
  due_at INTEGER,                      -- when cron takes it up; null: processed
  received_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, gateway, id)
) STRICT;

-- Cron asks: which are not processed? Processed ones leave the index.
CREATE INDEX notifications_due ON notifications (due_at) WHERE due_at IS NOT NULL;
-- How many notifications of an account wait?
CREATE INDEX notifications_unheard ON notifications (account_id) WHERE due_at IS NOT NULL;
-- Cron asks: which are old?
CREATE INDEX notifications_received ON notifications (received_at);
