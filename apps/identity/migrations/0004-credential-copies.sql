-- What was issued, for as long as the access token that it was issued for lives: a wallet whose answer was lost asks again and
-- gets the same.

CREATE TABLE credential_copy (
  credential_id text PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL REFERENCES access_token (token_hash) ON DELETE CASCADE,
  -- SHA-256 of DID and keys that were proven: nobody else gets it.
  holder_hash bytea NOT NULL,
  -- The credential, sealed with the service's secret.
  sealed bytea NOT NULL
);
CREATE INDEX credential_copy_token ON credential_copy (token_hash);
