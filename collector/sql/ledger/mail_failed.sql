UPDATE mail SET next_at = ?, failures = ? WHERE id = ?;
