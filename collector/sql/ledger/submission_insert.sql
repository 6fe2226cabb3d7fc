INSERT INTO submission (id, subject, digest, facts, answer, waiting_until, person, client, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
