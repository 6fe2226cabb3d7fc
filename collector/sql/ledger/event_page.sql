SELECT event.seq, event.subject, event.body, act.receipt FROM event JOIN act ON act.id = event.act WHERE event.seq > ? AND event.kind IN (SELECT value FROM json_each(?)) ORDER BY event.seq LIMIT ?;
