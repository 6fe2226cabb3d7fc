UPDATE lane SET cursor = ?, failures = ?, refusals = ?, failing_since = ?, next_at = ?, stopped = ? WHERE endpoint = ?;
