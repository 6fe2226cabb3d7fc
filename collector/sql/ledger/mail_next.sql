SELECT id, next_at AS at FROM mail WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 100;
