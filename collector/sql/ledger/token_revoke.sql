DELETE FROM token WHERE subject = ? AND submission IS NULL;
