UPDATE site SET learned = ? WHERE id = 1 AND learned < ?;
