SELECT purpose, status, since, submission, requested_at FROM consent WHERE subject = ?;
