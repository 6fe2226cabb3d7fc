SELECT MIN(keep_until) AS at FROM subject WHERE keep_until > ?;
