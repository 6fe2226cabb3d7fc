SELECT subject, letter, failures FROM mail WHERE id = ? AND next_at IS NOT NULL;
