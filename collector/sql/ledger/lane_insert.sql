INSERT INTO lane (endpoint, cursor, next_at) VALUES (?, ?, ?) ON CONFLICT (endpoint) DO NOTHING;
