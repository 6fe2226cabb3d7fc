UPDATE submission SET confirmation = ? WHERE id = ?;
