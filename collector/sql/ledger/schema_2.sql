-- Under which key-encryption key a person's key is wrapped, so that a rotation knows what is left to do. NULL: not known yet.
ALTER TABLE subject ADD COLUMN kek TEXT;

CREATE INDEX subject_kek ON subject (kek);

-- Refusals in a row of the next event for its own sake, apart from failures of the endpoint.
ALTER TABLE lane ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- The person as this submission named it, sealed: a later submission by somebody else does not change what this one said.
ALTER TABLE submission ADD COLUMN person BLOB;

-- Until when a yes holds; of what expired, until when it did.
ALTER TABLE consent ADD COLUMN expires_at INTEGER;

CREATE INDEX consent_expiring ON consent (expires_at) WHERE status = 'given' AND expires_at IS NOT NULL;

-- A receipt is longer than a quarter of a page: without a rowid each one took an overflow page for itself.
CREATE TABLE act_by_rowid (
    id TEXT PRIMARY KEY NOT NULL,
    receipt TEXT NOT NULL
) STRICT;

INSERT INTO act_by_rowid (id, receipt) SELECT id, receipt FROM act ORDER BY id;

DROP TABLE act;

ALTER TABLE act_by_rowid RENAME TO act;
