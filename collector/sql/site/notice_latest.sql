SELECT body FROM notice WHERE form = ? AND lang = ? ORDER BY version DESC LIMIT 1;
