UPDATE subject SET lookup = ?, wrapped_key = ?, kek = ? WHERE id = ?;
