-- What an account has on its settings page beyond its name and its wallets.

-- Webhook secrets that were replaced sign beside the new one for a day, so that a receiver can be changed over without
-- missing anything. JSON: [[sealed secret, until], …], oldest first; null when there is none.
ALTER TABLE shops ADD COLUMN webhook_secrets_old TEXT;
ALTER TABLE shops ADD COLUMN webhook_secret_rotated_at INTEGER;

-- Cron's question: which of them are over? Only accounts that have replaced their secret within a day stand in it.
CREATE INDEX shops_webhook_secrets_old ON shops (webhook_secret_rotated_at) WHERE webhook_secrets_old IS NOT NULL;

-- Settings of gateways that are no wallets: one row a setting, so that changing one is one write and needs no read.
CREATE TABLE gateway_settings (
  account_id INTEGER NOT NULL,
  gateway TEXT NOT NULL,               -- paypal, stripe
  name TEXT NOT NULL,                  -- email, client_id, client_secret; secret_key, webhook_secret
  value TEXT NOT NULL,                 -- sealed under VAULT_KEY
  PRIMARY KEY (account_id, gateway, name)
) STRICT, WITHOUT ROWID;
