SELECT subject, submission, expires_at, used_at FROM token WHERE digest = ?;
