SELECT body FROM notice WHERE hash = ?;
