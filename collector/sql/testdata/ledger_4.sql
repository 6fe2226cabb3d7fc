-- What version 4 of a ledger added, upon the persons of the versions before, as that version wrote it. Never edited.
INSERT INTO subject_key (wrapped) VALUES (x'32');

INSERT INTO subject (id, lookup, person, created_at, kek, slot)
VALUES ('01a20000-0000-7000-8000-000000000031', x'31', x'33', 1800000000000, 'kek', (SELECT MAX(slot) FROM subject_key));

INSERT INTO submission (id, subject, digest, facts, answer, waiting_until, person, client, received_at)
VALUES ('01a20000-0000-7000-8000-000000000032', '01a20000-0000-7000-8000-000000000031', 'digest', '{"notice":{"hash":"sha-256:2"},"received_at":"2027-01-15T08:00:00.123Z"}', '{}', 1800000009000, x'34', x'35', 1800000000123);

INSERT INTO consent (subject, purpose, status, since, submission, requested_at, expires_at, retention_days)
VALUES ('01a20000-0000-7000-8000-000000000031', 'NEWS', 'requested', 1800000000000, '01a20000-0000-7000-8000-000000000032', 1800000000000, NULL, 30);

INSERT INTO token (digest, subject, submission, expires_at)
VALUES (x'36', '01a20000-0000-7000-8000-000000000031', '01a20000-0000-7000-8000-000000000032', 1800000009000);

INSERT INTO lane (endpoint, cursor, failures, failing_since, next_at, refusals)
VALUES ('crm-4', 3, 2, 1800000000000, 1800000009000, 1);

INSERT INTO dead_letter (endpoint, seq, at)
VALUES ('crm-4', 2, 1800000000000);
