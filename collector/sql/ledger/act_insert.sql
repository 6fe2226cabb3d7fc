INSERT INTO act (id, submission, receipt) VALUES (?, ?, ?);
