UPDATE token SET used_at = ? WHERE submission = ? AND used_at IS NULL;
