DELETE FROM attempt WHERE endpoint NOT IN (SELECT value FROM json_each(?));
