SELECT keep_until AS at FROM subject WHERE id = ?;
