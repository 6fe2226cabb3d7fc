SELECT seq FROM event WHERE subject = ?1 AND seq > ?2 AND json_extract(body, '$.purpose') = ?3 AND kind IN (SELECT value FROM json_each(?4)) LIMIT 1;
