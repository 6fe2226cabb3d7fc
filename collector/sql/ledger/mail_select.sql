SELECT subject, letter FROM mail WHERE id = ? AND next_at IS NOT NULL;
