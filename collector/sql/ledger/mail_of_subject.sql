SELECT id, submission, letter, created_at, failures, sent_at, next_at, refusal FROM mail WHERE subject = ? ORDER BY created_at, id;
