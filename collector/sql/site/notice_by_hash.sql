SELECT body FROM notice WHERE form = ? AND lang = ? AND hash = ?;
