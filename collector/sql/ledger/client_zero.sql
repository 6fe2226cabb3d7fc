UPDATE submission SET client = zeroblob(length(client)) WHERE id IN (SELECT value FROM json_each(?));
