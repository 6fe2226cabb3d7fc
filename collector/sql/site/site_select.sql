SELECT revision, learned, body FROM site WHERE id = 1;
