-- Who may administer the service, and what was done. Times are milliseconds since the Unix epoch, by the service's clock.

CREATE TABLE operator (
  name text PRIMARY KEY,
  -- SHA-256 of the bearer token; the token itself is nowhere.
  token_hash bytea NOT NULL UNIQUE,
  created_at_ms bigint NOT NULL,
  revoked_at_ms bigint
);

-- Append-only: the triggers refuse changes, so that a service whose code is wrong cannot rewrite history either.
CREATE TABLE audit (
  -- Without gaps, so that a missing entry shows.
  number bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  operator text NOT NULL,
  action text NOT NULL,
  -- What was acted on: ids of invitations, applications, credentials; never a person's name.
  subject text NOT NULL,
  facts jsonb NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''the audit log is append-only''; END';

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
