-- Always empty. A commit that must not go through inserts a 0. The constraint refuses it, and the
-- whole batch is undone (Statement::guard).
CREATE TABLE guard (
  held INTEGER NOT NULL,
  CONSTRAINT stale CHECK (held = 1)
) STRICT;
