SELECT MAX(seq) AS at FROM event;
