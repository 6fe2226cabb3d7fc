SELECT purpose, status, since, submission, requested_at, expires_at, retention_days FROM consent WHERE subject = ?;
