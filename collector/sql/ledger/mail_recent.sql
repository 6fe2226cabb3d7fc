SELECT COUNT(*) AS count, MAX(created_at) AS last FROM mail WHERE subject = ? AND created_at > ?;
