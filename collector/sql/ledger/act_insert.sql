INSERT INTO act (id, receipt) VALUES (?, ?);
