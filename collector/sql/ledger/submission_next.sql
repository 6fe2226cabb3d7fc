SELECT MIN(waiting_until) AS at FROM submission WHERE waiting_until > ?;
