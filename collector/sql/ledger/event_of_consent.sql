SELECT event.seq, event.subject, event.body, act.receipt FROM event JOIN act ON act.id = event.act WHERE event.subject = ? AND json_extract(event.body, '$.purpose') = ? ORDER BY event.seq;
