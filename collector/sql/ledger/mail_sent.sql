UPDATE mail SET next_at = NULL, sent_at = ?, letter = ? WHERE id = ?;
