SELECT 1 AS at FROM subject WHERE id = ?1 UNION ALL SELECT 1 AS at FROM submission WHERE subject = ?1 LIMIT 1;
