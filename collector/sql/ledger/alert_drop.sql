UPDATE lane SET alert_at = NULL WHERE endpoint = ? AND stopped IS NULL AND NOT EXISTS (SELECT 1 FROM dead_letter WHERE dead_letter.endpoint = lane.endpoint);
