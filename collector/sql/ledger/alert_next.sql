SELECT endpoint, alert_at AS at FROM lane WHERE alert_at IS NOT NULL;
