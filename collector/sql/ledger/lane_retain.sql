DELETE FROM lane WHERE endpoint NOT IN (SELECT value FROM json_each(?));
