SELECT endpoint, alert_at AS at FROM lane WHERE alert_at IS NOT NULL AND (stopped IS NOT NULL OR EXISTS (SELECT 1 FROM dead_letter WHERE dead_letter.endpoint = lane.endpoint));
