SELECT MIN(received_at) AS at FROM submission WHERE client IS NOT NULL AND received_at > ?;
