-- What version 6 of a ledger added, upon the persons of the versions before, as that version wrote it. Never edited.
INSERT INTO subject_key (wrapped) VALUES (x'52');

INSERT INTO subject (id, lookup, person, created_at, kek, slot)
VALUES ('01a20000-0000-7000-8000-000000000051', x'51', x'53', 1800000000000, 'kek', (SELECT MAX(slot) FROM subject_key));

INSERT INTO submission (id, subject, digest, facts, answer, waiting_until, person, client, received_at)
VALUES ('01a20000-0000-7000-8000-000000000052', '01a20000-0000-7000-8000-000000000051', 'digest', '{"notice":{"hash":"sha-256:2"},"received_at":"2027-01-15T08:00:00.123Z"}', '{}', NULL, x'54', x'55', 1800000000123);

INSERT INTO consent (subject, purpose, status, since, submission, requested_at, expires_at, retention_days)
VALUES ('01a20000-0000-7000-8000-000000000051', 'NEWS', 'given', 1800000000000, '01a20000-0000-7000-8000-000000000052', NULL, NULL, 30);

INSERT INTO key_use (digest, used_at) VALUES ('digest-6', 1800000000000);
