-- The directory: where people can be reached, and their prekeys. Who asked for whom is kept for 24 hours, as hashes, to
-- count. Times are milliseconds since the Unix epoch, by the service's clock.

CREATE TABLE directory_token (
  -- SHA-256 of the token.
  token_hash bytea PRIMARY KEY,
  did text NOT NULL,
  id_fp bytea NOT NULL,
  -- What the standing of the presented credential hangs on, asked again with each use; null when none was presented.
  credential jsonb,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX directory_token_expiry ON directory_token (expires_at_ms);

CREATE TABLE directory_contact (
  did text PRIMARY KEY,
  seq bigint NOT NULL,
  -- Published form: identity block, record, signature.
  record bytea NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX directory_contact_expiry ON directory_contact (expires_at_ms);

CREATE TABLE directory_prekeys (
  did text PRIMARY KEY,
  mailbox_id text NOT NULL,
  number bigint NOT NULL,
  -- Published form, as it stands on chain.
  prekeys bytea NOT NULL,
  -- What the publication has signed of its one-time pairs.
  ot_count integer NOT NULL,
  ot_root bytea NOT NULL,
  not_before_ms bigint NOT NULL,
  not_after_ms bigint NOT NULL
);
CREATE INDEX directory_prekeys_expiry ON directory_prekeys (not_after_ms);

CREATE TABLE directory_pair (
  did text NOT NULL REFERENCES directory_prekeys (did) ON DELETE CASCADE,
  mailbox_id text NOT NULL,
  number bigint NOT NULL,
  index integer NOT NULL,
  -- Null once it was handed out: the row stays, so that the same pair is not taken in again.
  pair bytea,
  PRIMARY KEY (did, mailbox_id, number, index)
);
CREATE INDEX directory_pair_left ON directory_pair (did, index) WHERE pair IS NOT NULL;

CREATE TABLE directory_claim (
  -- SHA-256 of the DIDs.
  requester bytea NOT NULL,
  target bytea NOT NULL,
  at_ms bigint NOT NULL
);
CREATE INDEX directory_claim_requester ON directory_claim (requester, at_ms);
CREATE INDEX directory_claim_time ON directory_claim (at_ms);
