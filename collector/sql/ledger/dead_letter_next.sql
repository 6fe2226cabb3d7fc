SELECT seq FROM dead_letter WHERE endpoint = ? AND resend_at IS NOT NULL ORDER BY resend_at, seq LIMIT 1;
