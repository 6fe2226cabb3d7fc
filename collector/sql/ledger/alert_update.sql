UPDATE lane SET alert_at = ?1, alert_failures = alert_failures + 1, told_at = CASE WHEN ?1 IS NULL THEN ?2 ELSE told_at END WHERE endpoint = ?3 AND alert_id = ?4;
