INSERT OR REPLACE INTO attempt (endpoint, place, number, seq, at, ms, status, reason, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
