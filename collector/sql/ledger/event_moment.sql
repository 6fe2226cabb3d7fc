SELECT seq, json_extract(body, '$.timestamp') AS at FROM event WHERE seq >= ? ORDER BY seq LIMIT 1;
