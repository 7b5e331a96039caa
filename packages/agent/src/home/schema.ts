/**
 * The database of a home. Clear columns are random ids, lookup tags and what must be sorted or filtered by SQL; what
 * they say is repeated inside the sealed cell wherever it matters, and compared when a row is read.
 *
 * | table | one row is | clear beside tags |
 * |---|---|---|
 * | `home` | the binding to the vault, and the count of commits | the count |
 * | `setting` | a setting | its name |
 * | `peer` | sequence numbers with one peer | - |
 * | `session` | a session record | sid, version, state, times |
 * | `first_message` | a first message that is to be posted | - |
 * | `outbox` | a message of ours | message id, state, times |
 * | `inbox` | a message for us | message id, when received |
 * | `seen` | a de-duplication entry; the sequence number as a tag | message id, when seen |
 * | `object` | a mailbox object dealt with and not yet gone | when |
 * | `replay` | an accepted first message | when to forget |
 * | `contact` | a contact | - |
 * | `issuer` | a pinned issuer | - |
 * | `proof` | the signature of a message for us | - |
 * | `checkpoint` | how far our checkpoints with one peer reach | - |
 * | `contact_note` | latest record seen of a contact, and keys of theirs not yet acknowledged | - |
 * | `handshake` | level reached with a peer, and the KEM key it has published | - |
 * | `status_list` | the last answer of a status list | - |
 */

/** `application_id` of the file: "wotH". */
export const APPLICATION_ID = 0x776f7448;

/** Step n takes a database from version n to n + 1, in one transaction. Steps are never changed once released. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE home (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    commits INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE setting (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE peer (peer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE session (
    sid BLOB PRIMARY KEY CHECK (length(sid) = 16),
    peer_tag BLOB NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    last_used_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE INDEX session_by_peer ON session (peer_tag, last_used_ms);
  CREATE INDEX session_by_use ON session (last_used_ms);
  CREATE TABLE first_message (session_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id BLOB NOT NULL UNIQUE CHECK (length(message_id) = 16),
    peer_tag BLOB NOT NULL,
    state TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    sealed_status BLOB NOT NULL
  ) STRICT;
  CREATE INDEX outbox_by_state ON outbox (state, due_ms, position);
  CREATE INDEX outbox_by_peer ON outbox (peer_tag, state, position);
  CREATE TABLE inbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    peer_tag BLOB NOT NULL,
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    received_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (peer_tag, message_id)
  ) STRICT;
  CREATE TABLE seen (
    peer_tag BLOB NOT NULL,
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    seq_tag BLOB NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (peer_tag, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_by_seq ON seen (seq_tag);
  CREATE INDEX seen_by_time ON seen (seen_ms);
  CREATE INDEX seen_by_peer ON seen (peer_tag, seen_ms);
  CREATE TABLE object (
    object_tag BLOB PRIMARY KEY,
    noted_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE replay (
    init_tag BLOB PRIMARY KEY,
    erase_at_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replay_by_time ON replay (erase_at_ms);
  CREATE TABLE contact (peer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE issuer (issuer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  `,
  'CREATE TABLE handshake (peer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;',
  'CREATE TABLE status_list (list_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;',
  `
  CREATE INDEX inbox_by_id ON inbox (message_id);
  CREATE TABLE proof (proof_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE checkpoint (peer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  `,
  'CREATE TABLE contact_note (peer_tag BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;',
];
