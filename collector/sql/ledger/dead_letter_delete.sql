DELETE FROM dead_letter WHERE endpoint = ? AND seq = ?;
