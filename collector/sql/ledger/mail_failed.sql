UPDATE mail SET next_at = ?, failures = ?, refusal = ? WHERE id = ?;
