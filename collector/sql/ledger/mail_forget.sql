DELETE FROM mail WHERE subject = ?;
