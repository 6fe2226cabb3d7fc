-- A ledger of version 1 with one person in it, as that version wrote it. Never edited.
INSERT INTO subject (id, lookup, wrapped_key, person, created_at)
VALUES ('01a20000-0000-7000-8000-000000000001', x'01', x'02', x'03', 1800000000000);

INSERT INTO submission (id, subject, digest, facts, answer, waiting_until)
VALUES ('01a20000-0000-7000-8000-000000000002', '01a20000-0000-7000-8000-000000000001', 'digest', '{}', '{}', NULL);

INSERT INTO consent (subject, purpose, status, since, submission, requested_at)
VALUES ('01a20000-0000-7000-8000-000000000001', 'NEWS', 'given', 1800000000000, '01a20000-0000-7000-8000-000000000002', 1800000000000);

INSERT INTO act (id, receipt) VALUES ('01a20000-0000-7000-8000-000000000003', 'a.b.c');

INSERT INTO event (kind, subject, act, body)
VALUES ('consent.given', '01a20000-0000-7000-8000-000000000001', '01a20000-0000-7000-8000-000000000003', '{}');

INSERT INTO token (digest, subject, submission, expires_at, used_at)
VALUES (x'04', '01a20000-0000-7000-8000-000000000001', '01a20000-0000-7000-8000-000000000002', 1800000000000, NULL);

INSERT INTO mail (id, subject, letter, created_at, next_at, sent_at)
VALUES ('01a20000-0000-7000-8000-000000000004', '01a20000-0000-7000-8000-000000000001', x'05', 1800000000000, NULL, 1800000000000);

INSERT INTO lane (endpoint, cursor, next_at) VALUES ('crm', 1, 1800000000000);
