INSERT INTO learned (shard, revision) VALUES (?, ?) ON CONFLICT (shard) DO UPDATE SET revision = excluded.revision WHERE excluded.revision > revision;
