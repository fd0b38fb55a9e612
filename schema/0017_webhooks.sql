-- Webhooks: endpoints, logs with their payloads, receivers, and scans for replays.
CREATE TABLE webhook_endpoints (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- decimal snowflake: sorts by time
  url TEXT NOT NULL,
  events TEXT NOT NULL,                -- their names, with commas between
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- The endpoint's health. A change of it is written, not each delivery.
  failing_since INTEGER,               -- the first failure since the last success
  failed_at INTEGER,                   -- the last failure that was counted …
  failures INTEGER NOT NULL DEFAULT 0, -- … and how many were, twelve hours apart
  disabled_at INTEGER,                 -- when we disabled it; null: we didn't
  disabled_reason TEXT,                -- failing, gone
  -- In whose words it is told, and how that is signed: v2, shoppy, pusher, pago. A window of the API
  -- shows and changes its own.
  dialect TEXT NOT NULL DEFAULT 'v2',
  -- What signs there instead of the account's secrets, sealed under VAULT_KEY; null: these do.
  signing_key TEXT,
  contact_email TEXT,                  -- who is written to when we disable it; null: the seller
  -- The OAuth app that registered it, which sees no other's. Null: whoever has the API key.
  app_id TEXT,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- What an event says, once for all logs that send it: for any number of endpoints and replays.
-- Readers come from a log, so the key is the only index.
CREATE TABLE webhook_payloads (
  id INTEGER PRIMARY KEY,              -- the next number; a log names it
  account_id INTEGER NOT NULL,
  payload TEXT NOT NULL,               -- JSON, without the envelope of a dialect that has one
  last_seq INTEGER NOT NULL            -- of the last log that sends it; deleted with that log
) STRICT;

-- The log is the outbox. The commit of a change writes the rows that it owes, and they stay as the
-- record of their delivery. The oldest rows of an account are deleted after the retention, so the
-- list's numbers stay without gaps.
CREATE TABLE webhook_logs (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62; 12 hex digits where SQL draws it
  endpoint_id TEXT,                    -- null: the payment's own webhook_url
  event TEXT NOT NULL,
  subject_id TEXT NOT NULL,            -- the order's id, the query's or the feedback's
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
  -- The log whose payload this one sends again: the first one, also for a replay of a replay.
  -- Null: no replay.
  replay_of TEXT,
  -- A sample that the seller asked for: nothing has happened.
  simulated INTEGER NOT NULL DEFAULT 0,
  -- The receiver (webhook_receivers.url) whose open circuit holds this log. A held log has no queue
  -- message; its due_at is only a precaution.
  waits_for TEXT,
  -- How many older logs of the account are deleted, as its newest log knows. The list's length is
  -- the newest seq less this. It is here because the newest log is read for its seq anyway.
  pruned INTEGER NOT NULL DEFAULT 0,
  -- The endpoint's, or that of the payment's own URL: a repetition is told as the first one was.
  dialect TEXT NOT NULL DEFAULT 'v2',
  PRIMARY KEY (account_id, seq)
) STRICT;

-- Queue messages and the API name a log by id.
CREATE UNIQUE INDEX webhook_logs_id ON webhook_logs (account_id, id);
-- Cron asks: what is owed and was not taken up? Delivered logs leave the index.
CREATE INDEX webhook_logs_due ON webhook_logs (due_at) WHERE due_at IS NOT NULL;
-- Was this log sent again already? A replay asks that of each log. Only replays are here.
CREATE INDEX webhook_logs_replays ON webhook_logs (account_id, replay_of)
  WHERE replay_of IS NOT NULL;
-- Webhooks of one subject leave in their order: is an earlier one still owed? Delivered logs leave
-- the index.
CREATE INDEX webhook_logs_owed ON webhook_logs (account_id, subject_id) WHERE due_at IS NOT NULL;
-- Which logs does a receiver hold? Only held logs are here.
CREATE INDEX webhook_logs_held ON webhook_logs (account_id, waits_for, seq)
  WHERE waits_for IS NOT NULL;

-- The first log of an account starts its retention.
CREATE TRIGGER webhook_logs_made AFTER INSERT ON webhook_logs BEGIN
  UPDATE shops SET oldest_log_at =
    (SELECT created_at FROM webhook_logs WHERE account_id = NEW.account_id ORDER BY seq LIMIT 1)
  WHERE account_id = NEW.account_id AND oldest_log_at IS NULL;
END;

-- A payload is deleted with the last of its logs.
CREATE TRIGGER webhook_logs_gone AFTER DELETE ON webhook_logs BEGIN
  DELETE FROM webhook_payloads
  WHERE id = OLD.payload_id AND account_id = OLD.account_id AND last_seq <= OLD.seq;
END;

-- What we know of a receiver: a URL that was slow or failed within the last day. A receiver that
-- does well has no row. So a slow or dead receiver keeps no other waiting.
CREATE TABLE webhook_receivers (
  account_id INTEGER NOT NULL,
  -- An endpoint's URL; a payment's own without its query, where sellers put the order's id.
  url TEXT NOT NULL,
  slow_until INTEGER,                  -- until then its webhooks go to the queue of retries
  -- Failed attempts since the last success. Quick failures count until the circuit opens, probes
  -- afterwards.
  failures INTEGER NOT NULL DEFAULT 0,
  -- Until then the circuit is open and nothing is sent. Null: closed. In the past: one probe is
  -- due.
  open_until INTEGER,
  seen_at INTEGER NOT NULL,            -- when it was slow or failed last
  wake_at INTEGER NOT NULL,            -- when cron probes or forgets it
  PRIMARY KEY (account_id, url)
) STRICT, WITHOUT ROWID;

-- Cron asks: which receivers are to be probed or forgotten?
CREATE INDEX webhook_receivers_wake ON webhook_receivers (wake_at);

-- Scans of an account's logs for replays: one at a time, and a limited number of rows a minute.
CREATE TABLE webhook_scans (
  account_id INTEGER PRIMARY KEY,
  busy_until INTEGER NOT NULL,         -- lease of the running scan; 0: none runs
  spent_until INTEGER NOT NULL         -- when all is earned that was spent: 1 ms a row
) STRICT;
