DELETE FROM dead_letter WHERE endpoint NOT IN (SELECT value FROM json_each(?));
