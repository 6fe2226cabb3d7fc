UPDATE lane SET failures = 0, refusals = 0, failing_since = NULL, refusing_since = NULL, next_at = ?, stopped = NULL, alert_at = NULL WHERE endpoint = ?;
