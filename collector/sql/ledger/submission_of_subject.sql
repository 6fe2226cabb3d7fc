SELECT id, subject, digest, facts, answer, waiting_until, client FROM submission WHERE subject = ?;
