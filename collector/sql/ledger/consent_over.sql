SELECT subject FROM consent WHERE status = 'given' AND expires_at <= ? ORDER BY expires_at LIMIT 100;
