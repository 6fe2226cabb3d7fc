INSERT INTO token (digest, subject, submission, expires_at) VALUES (?, ?, ?, ?);
