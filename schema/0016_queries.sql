-- Queries: what customers ask their seller. They are never deleted, so seq is dense and a page of
-- the list is a range of it.
CREATE TABLE queries (
  account_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  order_id TEXT,
  -- Open, customer replied, replied, closed, solved.
  status INTEGER NOT NULL CHECK (status IN (0, 1, 2, 3, 4)),
  subject TEXT NOT NULL,
  email TEXT NOT NULL,                 -- the customer's
  message TEXT NOT NULL,
  replies INTEGER NOT NULL,            -- how many; the newest has this number
  size INTEGER NOT NULL,               -- bytes of all its messages together
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;

-- The API names a query by id.
CREATE UNIQUE INDEX queries_id ON queries (account_id, id);

-- What did the buyer of this order ask? The order's page shows it. Questions before a purchase are
-- not here.
CREATE INDEX queries_order ON queries (account_id, order_id) WHERE order_id IS NOT NULL;

-- Replies are numbered from 1 in each query, without gaps. The newest few are a range of the key,
-- so there is no index.
CREATE TABLE query_replies (
  account_id INTEGER NOT NULL,
  query_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  id TEXT NOT NULL,                    -- 8 base-62
  sender TEXT NOT NULL CHECK (sender IN ('seller', 'customer')),
  message TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, query_id, number)
) STRICT;
