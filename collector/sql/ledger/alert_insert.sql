UPDATE lane SET alert_id = ?, alert_at = ?, alert_failures = 0 WHERE endpoint = ?;
