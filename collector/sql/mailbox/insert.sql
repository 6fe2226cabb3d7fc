INSERT INTO mail (id, at, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING;
