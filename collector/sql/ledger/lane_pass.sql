UPDATE lane SET cursor = ? WHERE endpoint = ? AND cursor = ?;
