INSERT INTO key_use (digest, used_at) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE SET used_at = ?2 WHERE used_at < ?2;
