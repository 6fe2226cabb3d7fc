SELECT purpose, status, since, submission, requested_at, expires_at FROM consent WHERE subject = ?;
