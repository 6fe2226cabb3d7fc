UPDATE subject SET lookup = ?, kek = ? WHERE id = ?;
