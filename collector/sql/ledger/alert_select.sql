SELECT alert_id AS id, alert_failures AS failures, stopped, failing_since, next_at FROM lane WHERE endpoint = ? AND alert_at IS NOT NULL AND stopped IS NOT NULL;
