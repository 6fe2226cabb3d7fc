INSERT INTO notice (hash, body) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING;
