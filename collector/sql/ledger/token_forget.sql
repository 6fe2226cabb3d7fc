DELETE FROM token WHERE subject = ?;
