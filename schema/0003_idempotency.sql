-- The first answer under each Idempotency-Key. The commit that does what the answer tells writes
-- it.
CREATE TABLE idempotency (
  account_id INTEGER NOT NULL,
  key TEXT NOT NULL,                   -- the client's, at most 255 characters
  request TEXT NOT NULL,               -- SHA-256 of method, path and body, hex
  status INTEGER,                      -- null: the request is running, or its isolate died
  body TEXT,                           -- sealed: an answer may hold a secret
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT;

-- Cron asks: which answers are older than a day?
CREATE INDEX idempotency_age ON idempotency (created_at);
