SELECT id, subject, digest, facts, answer, waiting_until FROM submission WHERE waiting_until <= ? ORDER BY waiting_until LIMIT 101;
