SELECT 1 AS at FROM subject WHERE id = ?;
