UPDATE submission SET client = NULL WHERE id IN (SELECT value FROM json_each(?));
