SELECT id, wrapped_key, person FROM subject WHERE kek IS NOT ? AND id > ? ORDER BY id LIMIT 100;
