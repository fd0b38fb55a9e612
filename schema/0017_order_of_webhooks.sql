-- Webhooks of one subject leave in their order, and a slow or dead receiver keeps no other waiting.

-- Is an earlier webhook of this subject still owed? Delivered ones leave it.
CREATE INDEX webhook_logs_owed ON webhook_logs (account_id, subject_id) WHERE due_at IS NOT NULL;

-- What is known of a receiver: a URL that was slow or failed within the last day. One that does well has no row.
CREATE TABLE webhook_receivers (
  account_id INTEGER NOT NULL,
  url TEXT NOT NULL,                   -- an endpoint's; a payment's own without its query, where sellers put the order's id
  slow_until INTEGER,                  -- until then its webhooks go to the queue of those that may take their time
  failures INTEGER NOT NULL DEFAULT 0, -- attempts that failed since one succeeded: quick ones count up to the opening, probes after it
  open_until INTEGER,                  -- nothing is sent before: the circuit is open. Null: closed. In the past: one probe is due
  seen_at INTEGER NOT NULL,            -- when it was slow or failed last
  wake_at INTEGER NOT NULL,            -- when cron looks at the row: to send a probe, or to forget it
  PRIMARY KEY (account_id, url)
) STRICT, WITHOUT ROWID;

-- Cron's question: which receivers are to be probed or forgotten?
CREATE INDEX webhook_receivers_wake ON webhook_receivers (wake_at);

-- The receiver (webhook_receivers.url) whose open circuit holds this log. It has no queue message; its due_at is only a precaution.
ALTER TABLE webhook_logs ADD COLUMN waits_for TEXT;
-- Which logs does a receiver hold? Only they stand in it.
CREATE INDEX webhook_logs_held ON webhook_logs (account_id, waits_for, seq) WHERE waits_for IS NOT NULL;
