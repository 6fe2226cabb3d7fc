SELECT MAX(sent_at) AS at FROM mail WHERE subject = ? AND submission = ?;
