SELECT id, subject, digest, facts, answer, waiting_until, client, comment FROM submission WHERE subject = ?;
