SELECT shard FROM learned WHERE revision >= ?;
