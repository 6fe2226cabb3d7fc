SELECT failures FROM mail WHERE id = ?;
