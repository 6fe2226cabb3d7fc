-- Which shards have learned a change while others have not. What all have learned stands in the table site.
CREATE TABLE learned (
    shard INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;
