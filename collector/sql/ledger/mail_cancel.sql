DELETE FROM mail WHERE subject = ? AND next_at IS NOT NULL;
