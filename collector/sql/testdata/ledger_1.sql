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

INSERT INTO snapshot (id, revision, body) VALUES (1, 1, '{"site":"demo","revision":1,"definition":{"name":"Demo","controller":{"name":"Demo","privacy_url":"https://example.com/privacy","contact":"privacy@example.com"},"default_language":"en","languages":["en"],"origins":["https://www.example.com"],"mail":{"from":"post@example.com","from_name":"Demo"},"confirm_within_hours":72,"purposes":[{"key":"STORE","title":{"en":"STORE"},"text":{"en":"STORE"},"legal_basis":"consent","channels":["email"],"double_opt_in":false},{"key":"NEWS","title":{"en":"NEWS"},"text":{"en":"NEWS"},"legal_basis":"consent","channels":["email"],"double_opt_in":true}],"forms":[{"key":"form","source":"web_form","purposes":["STORE","NEWS"],"intro":{"en":"Hello"}}]},"notices":[{"version":1,"hash":"sha-256:3e373d57310a810c518a2447a3a401acbbccaa4c09373f1aa48325b085321918","published_at":"2027-01-15T08:00:00.000Z","text":{"site":"demo","form":"form","lang":"en","controller":{"name":"Demo","privacy_url":"https://example.com/privacy","contact":"privacy@example.com"},"intro":"Hello","purposes":[{"key":"STORE","title":"STORE","text":"STORE","legal_basis":"consent","channels":["email"],"double_opt_in":false},{"key":"NEWS","title":"NEWS","text":"NEWS","legal_basis":"consent","channels":["email"],"double_opt_in":true}],"preselected":false}}],"endpoints":[],"keys":[]}');
