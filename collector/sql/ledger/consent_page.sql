SELECT subject, purpose, status, since, submission, requested_at, expires_at, retention_days FROM consent WHERE subject > ?1 AND subject <= ?2 ORDER BY subject;
