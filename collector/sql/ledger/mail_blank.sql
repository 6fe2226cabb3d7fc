UPDATE mail SET letter = ? WHERE id = ?;
