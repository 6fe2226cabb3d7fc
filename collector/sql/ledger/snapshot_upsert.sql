INSERT INTO snapshot (id, revision, body) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, body = excluded.body WHERE excluded.revision >= revision;
