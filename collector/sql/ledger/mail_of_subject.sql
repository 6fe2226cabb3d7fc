SELECT id, submission, letter, created_at, failures, sent_at FROM mail WHERE subject = ? ORDER BY created_at, id;
