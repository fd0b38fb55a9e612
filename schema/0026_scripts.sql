-- Scripts of others that a shop's own pages load (shop/script). Few: an account has at most ten, so no
-- list of them needs a seq, and the policy of a page that names them all stays short.
CREATE TABLE scripts (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  app_id TEXT,                         -- the app that made it; null: whoever has the API key
  src TEXT NOT NULL,                   -- https, without a query: a policy can't name one
  integrity TEXT NOT NULL,             -- sha384-…: browsers run nothing else
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
