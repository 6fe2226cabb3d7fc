INSERT INTO subject (id, lookup, wrapped_key, person, created_at, kek) VALUES (?, ?, ?, ?, ?, ?);
