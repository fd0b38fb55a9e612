-- Sending again, samples, and endpoints that only fail.

-- The log whose payload this one sends again: the first one, also when a repetition was repeated. Null: none.
ALTER TABLE webhook_logs ADD COLUMN replay_of TEXT;
-- A sample that the seller asked for: nothing has happened.
ALTER TABLE webhook_logs ADD COLUMN simulated INTEGER NOT NULL DEFAULT 0;

-- Whether a log was sent again already is asked for each log that might be. Only repetitions stand in it.
CREATE INDEX webhook_logs_replays ON webhook_logs (account_id, replay_of) WHERE replay_of IS NOT NULL;

-- How an endpoint does. Written when that changes, not at each delivery.
ALTER TABLE webhook_endpoints ADD COLUMN failing_since INTEGER;   -- its first failure since anything succeeded
ALTER TABLE webhook_endpoints ADD COLUMN failed_at INTEGER;       -- its last failure that was counted …
ALTER TABLE webhook_endpoints ADD COLUMN failures INTEGER NOT NULL DEFAULT 0; -- … and how many were, twelve hours apart
ALTER TABLE webhook_endpoints ADD COLUMN disabled_at INTEGER;     -- when it was disabled by us; null: it wasn't
ALTER TABLE webhook_endpoints ADD COLUMN disabled_reason TEXT;    -- failing, gone

-- Looking through an account's logs for sending them again: one at a time, and so many rows a minute.
CREATE TABLE webhook_scans (
  account_id INTEGER PRIMARY KEY,
  busy_until INTEGER NOT NULL,         -- lease of the one that runs; 0: none does
  spent_until INTEGER NOT NULL         -- a row costs a millisecond: when all that was looked at and written is earned again
) STRICT;
