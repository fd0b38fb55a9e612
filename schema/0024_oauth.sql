-- Applications of others, and what sellers let them do (OAuth 2.0, RFC 6749). Only the first database
-- has rows here, beside the directory: a token says nothing of its account, so the one place that
-- every request can ask must know it. No secret is here: of secrets, codes and tokens only their
-- SHA-256, hex; 256 random bits need no salt.

-- The operator registers applications. A deleted one keeps its row, so that its grants stay dead; there
-- are few.
CREATE TABLE oauth_apps (
  id TEXT PRIMARY KEY,                 -- the client_id: pg_app_…
  name TEXT NOT NULL,
  site TEXT NOT NULL,                  -- https; sellers see it where they consent
  redirect_uris TEXT NOT NULL,         -- JSON: ["https://…", …]; one of them, to the letter
  scopes TEXT NOT NULL,                -- the most that it may ask for, with spaces between
  -- A server that keeps a secret; otherwise it runs where everybody can read it, and has none.
  confidential INTEGER NOT NULL CHECK (confidential IN (0, 1)),
  -- Without PKCE a stolen code can be redeemed by whoever has the secret.
  require_pkce INTEGER NOT NULL CHECK (require_pkce IN (0, 1) AND (require_pkce = 1 OR confidential = 1)),
  secret_hash TEXT CHECK ((secret_hash IS NOT NULL) = (confidential = 1)),
  disabled_at INTEGER,                 -- by the operator; its tokens do nothing until it is enabled
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- A seller's word that an application may act for them. A seller may say it several times, one for
-- each place where the application runs. Used refresh tokens need no rows: all refresh tokens of a
-- grant begin with one family, so an old one is known by its family, whenever it comes back.
CREATE TABLE oauth_grants (
  id TEXT PRIMARY KEY,                 -- UUIDv4
  account_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  scopes TEXT NOT NULL,                -- with spaces between
  family_hash TEXT NOT NULL UNIQUE,    -- of the first half of its refresh tokens
  refresh_hash TEXT NOT NULL,          -- of the refresh token that is good now
  -- The one before, when it was used, and what makes the present one of it (hex): for a few seconds it
  -- is answered with the same present one. Null: none was used yet.
  previous_hash TEXT,
  salt TEXT,
  rotated_at INTEGER,
  generation INTEGER NOT NULL,         -- how often it was rotated; guards each rotation
  -- 90 days after the last rotation. Of one that has ended: when it may go, or when it is told again.
  expires_at INTEGER NOT NULL,
  ended_at INTEGER,                    -- revoked, or a token or code of it was used twice
  -- It has ended, and app:disconnected is still owed in the account's database, which may be another.
  untold INTEGER NOT NULL DEFAULT 0 CHECK (untold IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

-- A seller's list, newest first.
CREATE INDEX oauth_grants_account ON oauth_grants (account_id, created_at);

-- Cron asks: whose end is not told yet? Few are here, and for a moment.
CREATE INDEX oauth_grants_untold ON oauth_grants (expires_at) WHERE untold = 1;

-- Cron ends those of deleted applications, some at a time.
CREATE INDEX oauth_grants_app ON oauth_grants (app_id) WHERE ended_at IS NULL;
CREATE INDEX oauth_apps_deleted ON oauth_apps (id) WHERE deleted_at IS NOT NULL;

-- Cron asks: which are over?
CREATE INDEX oauth_grants_expired ON oauth_grants (expires_at);

-- Authorization codes live for a minute. A used one is kept for a day: who sends it again ends its
-- grant.
CREATE TABLE oauth_codes (
  hash TEXT PRIMARY KEY,
  account_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  redirect_uri TEXT,                   -- as it was sent; null: it was left out, and has to be again
  challenge TEXT,                      -- PKCE, S256; null: none was sent
  grant_id TEXT,                       -- what it was redeemed for; null: not used
  expires_at INTEGER NOT NULL
) STRICT;

-- Cron asks: which are older than a day?
CREATE INDEX oauth_codes_expired ON oauth_codes (expires_at);

-- Access tokens. A dead grant's are dead at once, and go when they expire.
CREATE TABLE oauth_tokens (
  hash TEXT PRIMARY KEY,
  grant_id TEXT NOT NULL,
  generation INTEGER NOT NULL,         -- the grant's, when it was made
  scopes TEXT NOT NULL,                -- the grant's, or fewer
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- The oldest tokens of a grant go when a new one is made.
CREATE INDEX oauth_tokens_grant ON oauth_tokens (grant_id, generation);

-- Cron asks: which are over?
CREATE INDEX oauth_tokens_expired ON oauth_tokens (expires_at);
