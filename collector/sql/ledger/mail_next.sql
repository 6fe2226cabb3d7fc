SELECT next_at AS at, id AS name FROM mail WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 100;
