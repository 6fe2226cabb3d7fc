SELECT id, subject, digest, facts, answer, waiting_until FROM submission WHERE subject = ? AND waiting_until IS NOT NULL ORDER BY json_extract(facts, '$.received_at') DESC, id DESC;
