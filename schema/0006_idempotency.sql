-- The first answer under each Idempotency-Key, written by the same commit as what the answer tells.
CREATE TABLE idempotency (
  account_id INTEGER NOT NULL,
  key TEXT NOT NULL,                   -- the client's, at most 255 characters
  request TEXT NOT NULL,               -- SHA-256 of method, path and body, hex: the key belongs to this request alone
  status INTEGER,                      -- null: still running, or its runner died
  body TEXT,                           -- sealed: an answer may hold a secret
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT;

-- Cron's question: which are older than a day?
CREATE INDEX idempotency_age ON idempotency (created_at);
