-- Webhooks of one subject leave in their order, and a slow receiver keeps no other waiting.

-- Until when an endpoint is taken for slow: its webhooks go to the queue of those that may take their time.
ALTER TABLE webhook_endpoints ADD COLUMN slow_until INTEGER;

-- Is an earlier webhook of this subject still owed? Delivered ones leave it.
CREATE INDEX webhook_logs_owed ON webhook_logs (account_id, subject_id) WHERE due_at IS NOT NULL;
