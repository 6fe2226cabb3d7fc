-- What version 2 of a ledger added, upon the person of ledger_1.sql, as that version wrote it. Never edited.
UPDATE subject SET kek = 'kek';

UPDATE submission SET person = x'06', client = x'07';

UPDATE consent SET expires_at = 1900000000000;

UPDATE act SET submission = '01a20000-0000-7000-8000-000000000002';

UPDATE mail SET submission = '01a20000-0000-7000-8000-000000000002';

INSERT INTO subject (id, lookup, wrapped_key, person, created_at, kek)
VALUES ('01a20000-0000-7000-8000-000000000011', x'11', x'12', x'13', 1800000000000, 'kek');

INSERT INTO notice (hash, body) VALUES ('sha-256:2', '{"version":2,"hash":"sha-256:2","published_at":"2027-01-15T08:00:00.000Z","text":{"site":"demo","form":"form","lang":"en","controller":{"name":"Demo","privacy_url":"https://example.com/privacy","contact":"privacy@example.com"},"intro":"Hello","purposes":[{"key":"NEWS","title":"NEWS","text":"NEWS","legal_basis":"consent","channels":["email"],"double_opt_in":true,"retention_days":30,"valid_for_days":1}],"preselected":false}}');

INSERT INTO submission (id, subject, digest, facts, answer, waiting_until, person, client)
VALUES ('01a20000-0000-7000-8000-000000000012', '01a20000-0000-7000-8000-000000000011', 'digest', '{"notice":{"hash":"sha-256:2"},"received_at":"2027-01-15T08:00:00.123Z"}', '{}', NULL, x'14', x'15');

INSERT INTO consent (subject, purpose, status, since, submission, requested_at, expires_at)
VALUES ('01a20000-0000-7000-8000-000000000011', 'NEWS', 'withdrawn', 1800000000000, '01a20000-0000-7000-8000-000000000012', 1800000000000, NULL);

INSERT INTO lane (endpoint, cursor, refusals, next_at) VALUES ('other', 1, 2, 1800000000000);
