-- Webhook logs don't stay for ever. Of each account's list the oldest go, so that its numbers stay without gaps.

-- How many of the account's older logs are gone, as its newest log knows: the list's length is its seq without them. It
-- stands here, because the newest log is read for its seq anyway.
ALTER TABLE webhook_logs ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;

-- When cron looks at the account's oldest logs next; 0: it never has.
ALTER TABLE shops ADD COLUMN prune_logs_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX shops_prune_logs ON shops (prune_logs_at);
