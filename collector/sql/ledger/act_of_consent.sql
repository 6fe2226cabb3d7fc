SELECT act FROM event WHERE subject = ? AND json_extract(body, '$.purpose') = ? ORDER BY seq DESC LIMIT 1;
