SELECT MIN(expires_at) AS at FROM consent WHERE status = 'given' AND expires_at > ?;
