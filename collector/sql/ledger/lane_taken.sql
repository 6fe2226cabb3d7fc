UPDATE lane SET refusing_since = NULL WHERE endpoint = ?;
