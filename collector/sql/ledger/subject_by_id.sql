SELECT id, wrapped_key, person FROM subject WHERE id = ?;
