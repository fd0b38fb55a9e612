-- Objects of R2 that no row names: uploads on their way, and what was replaced or removed. R2 and D1
-- have no commit in common, so an object stands here before it is put, and again in the commit that
-- takes its name away. Cron deletes what is due. So no object is kept for ever without a row, and no
-- row names an object that is gone.
CREATE TABLE unnamed_objects (
  key TEXT PRIMARY KEY,                -- in R2: files/… or images/…, of 40 random bytes
  account_id INTEGER NOT NULL,
  due_at INTEGER NOT NULL,             -- of an upload on its way, long after it must have ended
  -- How often its deletion was begun. An upload whose deletion was begun can't be named any more.
  tries INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Cron asks: which are due?
CREATE INDEX unnamed_objects_due ON unnamed_objects (due_at);
