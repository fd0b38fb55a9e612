-- Mails that are owed to buyers and sellers. The row is written in the commit of what the mail
-- tells, and it is the outbox: queue messages only nudge. It says what the mail is about and not
-- what it says: that is read when it is sent, so no address and no goods stand here. A mail that was
-- sent has no row. One that stays without a due_at was given up, and goes with the retention.
CREATE TABLE mails (
  account_id INTEGER NOT NULL,
  -- What it tells: paid:<order>, replied:<query>:<number>, … (Fact in src/shop/mail.rs). One mail
  -- for one fact; it is a part of the Idempotency-Key as well.
  id TEXT NOT NULL,
  tries INTEGER NOT NULL,              -- begun ones: counted first, so that a crash counts as well
  owed_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,            -- no try before: of two messages for one try, one goes on
  due_at INTEGER,                      -- cron nudges then; null: given up
  error TEXT,                          -- the last try's: timeout, status_500, …; off
  off_at INTEGER,                      -- since when e-mail was off, as its last look found it
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- Cron asks: which mails did no message reach? Those that are over are not here.
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;

-- Cron asks: which mails were given up long ago? There are few.
CREATE INDEX mails_given_up ON mails (owed_at) WHERE due_at IS NULL;
