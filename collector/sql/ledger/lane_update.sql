UPDATE lane SET cursor = ?, failures = ?, failing_since = ?, next_at = ?, stopped = ? WHERE endpoint = ?;
