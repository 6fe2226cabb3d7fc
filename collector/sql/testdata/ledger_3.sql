-- What version 3 of a ledger added, upon the persons of the versions before, as that version wrote it. Never edited.
INSERT INTO subject_key (wrapped) VALUES (x'22');

INSERT INTO subject (id, lookup, person, created_at, kek, slot)
VALUES ('01a20000-0000-7000-8000-000000000021', x'21', x'23', 1800000000000, 'kek', (SELECT MAX(slot) FROM subject_key));

INSERT INTO submission (id, subject, digest, facts, answer, waiting_until, person, client, received_at)
VALUES ('01a20000-0000-7000-8000-000000000022', '01a20000-0000-7000-8000-000000000021', 'digest', '{"notice":{"hash":"sha-256:2"},"received_at":"2027-01-15T08:00:00.123Z"}', '{}', 1800000009000, x'24', x'25', 1800000000123);

INSERT INTO consent (subject, purpose, status, since, submission, requested_at, expires_at, retention_days)
VALUES ('01a20000-0000-7000-8000-000000000021', 'NEWS', 'requested', 1800000000000, '01a20000-0000-7000-8000-000000000022', 1800000000000, NULL, 30);

INSERT INTO token (digest, subject, submission, expires_at)
VALUES (x'26', '01a20000-0000-7000-8000-000000000021', '01a20000-0000-7000-8000-000000000022', 1800000009000);
