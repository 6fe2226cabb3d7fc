INSERT INTO subject (id, lookup, slot, person, created_at, kek) VALUES (?, ?, (SELECT MAX(slot) FROM subject_key), ?, ?, ?);
