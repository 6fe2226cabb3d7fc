SELECT MAX(seq) AS last, COUNT(*) AS events FROM (SELECT seq FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2);
