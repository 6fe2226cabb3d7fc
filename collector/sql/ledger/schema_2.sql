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

-- What an act rests on, so that everything about one consent is found.
ALTER TABLE act ADD COLUMN submission TEXT;

UPDATE act SET submission = known.submission FROM (SELECT act, MIN(json_extract(body, '$.submission')) AS submission FROM event GROUP BY act) AS known WHERE known.act = act.id;

UPDATE act SET submission = known.id FROM (SELECT id, json_extract(answer, '$.receipt') AS receipt FROM submission) AS known WHERE act.submission IS NULL AND known.receipt = act.receipt;

CREATE INDEX act_submission ON act (submission);

-- Which submission a mail is about; one of before has none and is found by its moment, which is that of its submission.
ALTER TABLE mail ADD COLUMN submission TEXT;

-- Network and browser of a submission, under the key of the person.
ALTER TABLE submission ADD COLUMN client BLOB;

CREATE INDEX event_subject ON event (subject, seq);
