-- When a key was last used, to the hour: noted aside, so that a read commits nothing that anything is decided by.
CREATE TABLE key_use (
    digest TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
