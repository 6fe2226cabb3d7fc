UPDATE schema SET version = ?;
