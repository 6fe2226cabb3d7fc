SELECT id, subject, digest, facts, answer, waiting_until FROM submission WHERE id = ?;
