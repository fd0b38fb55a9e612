CREATE TABLE webhook_endpoints (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- decimal snowflake: sorts by time
  url TEXT NOT NULL,
  events TEXT NOT NULL,                -- their names, with commas between
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- What an event says, kept once for all the logs that send it, whatever the number of endpoints and repetitions. It has no
-- index beside its key: whoever reads it comes from a log.
CREATE TABLE webhook_payloads (
  id INTEGER PRIMARY KEY,              -- the next number; a log names it
  account_id INTEGER NOT NULL,
  payload TEXT NOT NULL,               -- JSON, before <, > and & are escaped
  last_seq INTEGER NOT NULL            -- of the last log that sends it, with which it goes
) STRICT;

-- The log is the outbox: a row is committed with the change that causes it, and stays as the record of what became of it.
CREATE TABLE webhook_logs (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  endpoint_id TEXT,                    -- null: the payment's own webhook_url
  event TEXT NOT NULL,
  subject_id TEXT NOT NULL,            -- the order's id
  url TEXT NOT NULL,
  payload_id INTEGER NOT NULL,         -- in webhook_payloads
  response_code INTEGER NOT NULL DEFAULT 0,
  response TEXT,                       -- at most 20 KB
  response_headers TEXT,               -- JSON object
  error TEXT,                          -- why no answer came: dns tls refused timeout network
  retries INTEGER NOT NULL DEFAULT 0,
  retry_limit INTEGER NOT NULL DEFAULT 10,
  next_retry_at INTEGER,
  due_at INTEGER,                      -- when cron takes it up; null: nothing is owed any more
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- How a nudge names it, and how the API does.
CREATE UNIQUE INDEX webhook_logs_id ON webhook_logs (account_id, id);
-- Cron's question: what is owed and was not taken up? Delivered ones leave it.
CREATE INDEX webhook_logs_due ON webhook_logs (due_at) WHERE due_at IS NOT NULL;
