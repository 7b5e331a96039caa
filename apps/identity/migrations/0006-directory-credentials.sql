-- Credentials that people leave with the directory, for others to verify before they write; and who has read whose, kept
-- for 24 hours as hashes, to count.

-- Whole, as its owner presents it; null when they have left none. It goes with the record.
ALTER TABLE directory_contact ADD COLUMN credential bytea;

CREATE TABLE directory_reading (
  -- SHA-256 of the DIDs.
  requester bytea NOT NULL,
  target bytea NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (requester, target)
);
CREATE INDEX directory_reading_time ON directory_reading (at_ms);
