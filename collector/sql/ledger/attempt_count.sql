UPDATE lane SET attempts = attempts + 1 WHERE endpoint = ? RETURNING attempts;
