DELETE FROM subject WHERE id = ?;
