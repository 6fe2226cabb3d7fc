-- Of one that was not tried yet, when it is due: the next one keeps its distance from that.
SELECT COUNT(*) AS count, MAX(CASE WHEN failures = 0 THEN COALESCE(next_at, sent_at, created_at) ELSE created_at END) AS last FROM mail WHERE subject = ? AND created_at > ?;
