UPDATE lane SET alert_at = ?, alert_failures = alert_failures + 1 WHERE endpoint = ? AND alert_id = ?;
