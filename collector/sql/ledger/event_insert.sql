INSERT INTO event (kind, subject, act, body) VALUES (?, ?, ?, ?);
