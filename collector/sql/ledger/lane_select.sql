SELECT endpoint, cursor, failures, failing_since, next_at, stopped FROM lane WHERE endpoint = ?;
