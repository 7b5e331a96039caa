-- Keys of an issuer that rotates them: which sets there were, and what was signed about each change.

CREATE TABLE issuer_key_set (
  -- That of the key succession that brought it in; 1 for the first set. Key ids end in it, so it is never used again.
  number integer PRIMARY KEY,
  did text NOT NULL,
  ed25519 bytea NOT NULL UNIQUE,
  ml_dsa_87 bytea NOT NULL UNIQUE,
  -- Both seeds, sealed with a key of the service's secret; gone once the next set has taken over.
  sealed_seeds bytea,
  created_at_ms bigint NOT NULL,
  -- Since when the set counts no longer.
  retired_at_ms bigint CHECK (retired_at_ms IS NULL OR sealed_seeds IS NULL)
);
-- One set signs.
CREATE UNIQUE INDEX issuer_key_set_present ON issuer_key_set ((true)) WHERE sealed_seeds IS NOT NULL;

CREATE TABLE key_succession (
  number integer PRIMARY KEY CHECK (number > 1),
  -- As it is served: a JWS in JSON.
  statement text NOT NULL
);

-- Id of the Ed25519 key that the signed copy of a list is signed with.
ALTER TABLE status_list ADD COLUMN signed_kid text;
