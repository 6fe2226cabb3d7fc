INSERT INTO mail (id, subject, letter, created_at, next_at, submission) VALUES (?, ?, ?, ?, ?, ?);
