SELECT id FROM submission WHERE client IS NOT NULL AND received_at <= ? ORDER BY received_at LIMIT 100;
