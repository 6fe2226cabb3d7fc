UPDATE dead_letter SET resend_at = NULL WHERE endpoint = ? AND seq = ?;
