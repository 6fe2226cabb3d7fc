INSERT INTO dead_letter (endpoint, seq, at) VALUES (?, ?, ?) ON CONFLICT (endpoint, seq) DO NOTHING;
