UPDATE submission SET comment = ? WHERE id = ?;
