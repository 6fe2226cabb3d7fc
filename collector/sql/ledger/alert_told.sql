SELECT alert_at, told_at FROM lane WHERE endpoint = ?;
