SELECT MAX(version) AS version FROM notice WHERE form = ? AND lang = ?;
