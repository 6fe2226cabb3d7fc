SELECT id, subject, digest, facts, answer, waiting_until, client, comment, confirmation FROM submission WHERE subject = ?;
