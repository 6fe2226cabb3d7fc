UPDATE lane SET cursor = ?, failures = ?, refusals = ?, failing_since = ?, refusing_since = ?, next_at = ?, stopped = ? WHERE endpoint = ?;
