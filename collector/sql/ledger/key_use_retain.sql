DELETE FROM key_use WHERE digest NOT IN (SELECT value FROM json_each(?));
