SELECT id FROM subject WHERE keep_until <= ? ORDER BY keep_until LIMIT 100;
