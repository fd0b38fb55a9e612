-- Webhook logs don't stay for ever. Of each account's list the oldest go, so that its numbers stay without gaps.

-- How many of the account's older logs are gone, as its newest log knows: the list's length is its seq without them. It
-- stands here, because the newest log is read for its seq anyway.
ALTER TABLE webhook_logs ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;

-- When the account's oldest log was made: cron looks at it once that is the retention ago. After a look the oldest that is
-- left, or a day later than was asked for, so that each account is looked at once a day at most. Null: there is no log, or
-- only the last one, which stays.
ALTER TABLE shops ADD COLUMN oldest_log_at INTEGER;
CREATE INDEX shops_oldest_log ON shops (oldest_log_at) WHERE oldest_log_at IS NOT NULL;

CREATE TRIGGER webhook_logs_made AFTER INSERT ON webhook_logs BEGIN
  UPDATE shops SET oldest_log_at =
    (SELECT created_at FROM webhook_logs WHERE account_id = NEW.account_id ORDER BY seq LIMIT 1)
  WHERE account_id = NEW.account_id AND oldest_log_at IS NULL;
END;

-- What an event says goes with the last of its logs.
CREATE TRIGGER webhook_logs_gone AFTER DELETE ON webhook_logs BEGIN
  DELETE FROM webhook_payloads
  WHERE id = OLD.payload_id AND account_id = OLD.account_id AND last_seq <= OLD.seq;
END;
