-- A person. Deleting this row deletes the key, and with it everything that was sealed under it.
CREATE TABLE subject (
    id TEXT PRIMARY KEY,
    lookup BLOB NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    person BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The site as this ledger knows it.
CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Every notice that was ever current, by its hash.
CREATE TABLE notice (
    hash TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    facts TEXT NOT NULL,
    answer TEXT NOT NULL,
    waiting_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX submission_waiting ON submission (waiting_until) WHERE waiting_until IS NOT NULL;

CREATE INDEX submission_subject ON submission (subject, id);

-- The projection of the events: how each consent stands.
CREATE TABLE consent (
    subject TEXT NOT NULL,
    purpose TEXT NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    submission TEXT NOT NULL,
    requested_at INTEGER,
    PRIMARY KEY (subject, purpose)
) STRICT, WITHOUT ROWID;

-- One act of a person, with its signed statement.
CREATE TABLE act (
    id TEXT PRIMARY KEY,
    receipt TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a number is never used twice, also not after its row is gone.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    act TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Links of mails, by hash. With a submission: its confirm page; without: the personal page.
CREATE TABLE token (
    digest BLOB PRIMARY KEY,
    subject TEXT NOT NULL,
    submission TEXT,
    expires_at INTEGER,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX token_submission ON token (submission) WHERE submission IS NOT NULL;

-- The outbox. next_at is when it is due; without it, it has left or was given up.
CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    letter BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    sent_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX mail_due ON mail (next_at) WHERE next_at IS NOT NULL;

CREATE INDEX mail_subject ON mail (subject, created_at);

CREATE TABLE lane (
    endpoint TEXT PRIMARY KEY,
    cursor INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    next_at INTEGER NOT NULL,
    stopped TEXT
) STRICT, WITHOUT ROWID;

-- Events that an endpoint refused for their own sake.
CREATE TABLE dead_letter (
    endpoint TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (endpoint, seq)
) STRICT, WITHOUT ROWID;

-- Last, so that it is there only when all is.
CREATE TABLE schema (version INTEGER NOT NULL) STRICT;

INSERT INTO schema (version) VALUES (1);
