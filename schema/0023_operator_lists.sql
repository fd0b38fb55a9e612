-- Lists that the operator feeds (PUT /admin/lists/:name): networks of Tor exits, of VPNs and of
-- hosting, and disposable e-mail domains. Every database has them whole, because an order start asks
-- in its account's database, in the statement that it makes anyway. They are of no account.
CREATE TABLE operator_lists (
  name TEXT PRIMARY KEY CHECK (name IN ('tor', 'vpn', 'hosting', 'disposable')),
  revision INTEGER NOT NULL,           -- whose rows are the list; random
  lines INTEGER NOT NULL,              -- that the operator's file had, before ranges were merged
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Networks are kept merged, so no two overlap: the last one that begins at an address or before it
-- is the only one that may have it. So a look reads one row, whatever the list's size.
CREATE TABLE operator_ranges (
  revision INTEGER NOT NULL,
  first TEXT NOT NULL,                 -- family and hex (Network::ends); or a domain
  last TEXT NOT NULL,                  -- the same of its last address; of a domain itself
  PRIMARY KEY (revision, first)
) STRICT, WITHOUT ROWID;

-- Revisions that aren't a list (any more, or yet): cron takes their rows away once they are due. One
-- is noted here before its first row is written, so that an upload that broke off leaves nothing.
CREATE TABLE operator_revisions (
  revision INTEGER PRIMARY KEY,
  due_at INTEGER NOT NULL
) STRICT;
