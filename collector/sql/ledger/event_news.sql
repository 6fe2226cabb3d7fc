SELECT known.seq FROM json_each(?2) AS wanted JOIN event AS known ON known.seq = (SELECT MIN(seq) FROM event WHERE kind = wanted.value AND seq > ?1) LIMIT 1;
