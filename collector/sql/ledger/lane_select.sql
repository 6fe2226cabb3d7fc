SELECT endpoint, cursor, failures, refusals, failing_since, refusing_since, next_at, stopped FROM lane WHERE endpoint = ?;
