SELECT id, subject, digest, facts, answer, waiting_until FROM submission WHERE subject = ? ORDER BY json_extract(facts, '$.received_at') DESC, id DESC LIMIT 1;
