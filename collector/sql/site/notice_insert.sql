INSERT INTO notice (form, lang, version, hash, body) VALUES (?, ?, ?, ?, ?);
