SELECT id, subject, digest, facts, answer, waiting_until FROM submission WHERE subject = ? ORDER BY id DESC LIMIT 1;
