-- The issuer: who was offered a credential, what was issued, and what of it is revoked. A human is known here by a keyed
-- hash alone. Times are milliseconds since the Unix epoch, by the service's clock.

-- One human's right to a credential, to be collected with a code and a transaction code.
CREATE TABLE offer (
  -- Random; stands in the offer's URL. The pre-authorized code follows from it and the service's secret.
  id text PRIMARY KEY,
  -- HMAC of the transaction code.
  tx_code_hash bytea NOT NULL,
  tx_attempts integer NOT NULL DEFAULT 0,
  policy text NOT NULL,
  human_hash bytea NOT NULL,
  evidence jsonb NOT NULL,
  -- How long the credential will be valid.
  valid_for_ms bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redeemed', 'withdrawn')),
  -- Set by the first credential request: all formats of one offer are one credential of one DID, revoked as one.
  subject_did text,
  status_list integer,
  status_index integer
);
CREATE INDEX offer_expiry ON offer (expires_at_ms);

CREATE TABLE access_token (
  -- SHA-256 of the token.
  token_hash bytea PRIMARY KEY,
  offer_id text NOT NULL REFERENCES offer (id) ON DELETE CASCADE,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX access_token_offer ON access_token (offer_id);
CREATE INDEX access_token_expiry ON access_token (expires_at_ms);

-- Nonces that were answered, until they expire; those that were not leave no trace.
CREATE TABLE used_nonce (
  nonce_hash bytea PRIMARY KEY,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX used_nonce_expiry ON used_nonce (expires_at_ms);

CREATE TABLE status_list (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entries integer NOT NULL,
  used integer NOT NULL DEFAULT 0,
  -- Counts revocations, so that it shows whether the signed copy is still right.
  version bigint NOT NULL DEFAULT 0,
  -- The signed copy that all instances hand out: a verifier that met a newer one at another instance would take an older
  -- one for an attack.
  signed_version bigint,
  signed_at_ms bigint,
  signed_forms jsonb
);

CREATE TABLE status_entry (
  list integer NOT NULL REFERENCES status_list (id),
  index integer NOT NULL,
  revoked_at_ms bigint,
  PRIMARY KEY (list, index)
);
CREATE INDEX status_entry_revoked ON status_entry (list, index) WHERE revoked_at_ms IS NOT NULL;

CREATE TABLE credential (
  -- The credential's own id, urn:uuid.
  id text PRIMARY KEY,
  offer_id text NOT NULL,
  format text NOT NULL,
  human_hash bytea NOT NULL,
  subject_did text NOT NULL,
  status_list integer NOT NULL,
  status_index integer NOT NULL,
  issued_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  revoked_at_ms bigint,
  revocation_reason text,
  UNIQUE (offer_id, format),
  FOREIGN KEY (status_list, status_index) REFERENCES status_entry (list, index)
);
CREATE INDEX credential_human ON credential (human_hash);
CREATE INDEX credential_subject ON credential (subject_did);
CREATE INDEX credential_status ON credential (status_list, status_index);

-- Requests for a credential that wait for an operator.
CREATE TABLE application (
  id text PRIMARY KEY,
  -- SHA-256 of the applicant's token.
  token_hash bytea NOT NULL,
  human_hash bytea NOT NULL,
  -- Who it is and how to reach them, sealed with the service's secret; erased by the decision.
  sealed bytea,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected')),
  offer_id text,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX application_state ON application (state, created_at_ms);
CREATE INDEX application_expiry ON application (expires_at_ms);
