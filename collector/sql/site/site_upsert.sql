INSERT INTO site (id, revision, learned, body) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, learned = excluded.learned, body = excluded.body;
