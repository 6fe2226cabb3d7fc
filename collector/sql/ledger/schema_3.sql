-- For how long the data are kept once a purpose is over, as the words said that it rests on. NULL: they did not say.
ALTER TABLE consent ADD COLUMN retention_days INTEGER;

UPDATE consent SET retention_days = (SELECT json_extract(worded.value, '$.retention_days') FROM submission JOIN notice ON notice.hash = json_extract(submission.facts, '$.notice.hash') JOIN json_each(notice.body, '$.text.purposes') AS worded WHERE submission.id = consent.submission AND json_extract(worded.value, '$.key') = consent.purpose);

-- Until when anything needs the person: past it, the person is forgotten. NULL: something still does, or the words did not say.
ALTER TABLE subject ADD COLUMN keep_until INTEGER;

UPDATE subject SET keep_until = (SELECT CASE WHEN MAX(status IN ('requested', 'given') OR (status <> 'lapsed' AND retention_days IS NULL)) = 0 THEN MAX(since + CASE status WHEN 'lapsed' THEN 0 ELSE retention_days * 86400000 END) END FROM consent WHERE consent.subject = subject.id);

CREATE INDEX subject_kept ON subject (keep_until) WHERE keep_until IS NOT NULL;

-- The keys of persons, each in a place of its own that is overwritten with zeros when its person is forgotten. Rows are appended and never
-- grow, shrink or go, so SQLite never copies one to another page, where overwriting would not reach it. The two that fill a page each are
-- there because the first page of a table is copied when a second one is needed.
CREATE TABLE subject_key (slot INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;

INSERT INTO subject_key (slot, wrapped) VALUES (1, zeroblob(3900)), (2, zeroblob(3900));

ALTER TABLE subject ADD COLUMN slot INTEGER;

UPDATE subject SET slot = known.slot FROM (SELECT id, 2 + ROW_NUMBER() OVER (ORDER BY id) AS slot FROM subject) AS known WHERE known.id = subject.id;

INSERT INTO subject_key (slot, wrapped) SELECT slot, wrapped_key FROM subject ORDER BY slot;

-- Where they lay before, they are overwritten too.
UPDATE subject SET wrapped_key = zeroblob(length(wrapped_key));

ALTER TABLE subject DROP COLUMN wrapped_key;

-- All links of a person go with the person.
CREATE INDEX token_subject ON token (subject);

-- When it came: its network and browser are kept for a while only.
ALTER TABLE submission ADD COLUMN received_at INTEGER;

UPDATE submission SET received_at = CAST(strftime('%s', json_extract(facts, '$.received_at')) AS INTEGER) * 1000;

CREATE INDEX submission_client ON submission (received_at) WHERE client IS NOT NULL;

-- Why a mail was never taken, in the words of who refused it, under the key of the person: such words name them.
ALTER TABLE mail ADD COLUMN refusal BLOB;

-- What whoever recorded it noted, under the key of the person.
ALTER TABLE submission ADD COLUMN comment BLOB;

-- Of the submissions of who was forgotten, nothing is left that names them: their digests were made of the address without a key.
UPDATE submission SET digest = '', person = NULL, client = NULL WHERE subject NOT IN (SELECT id FROM subject);

-- Whoever asks for a rare type is not led through all events.
CREATE INDEX event_kind ON event (kind, seq);
