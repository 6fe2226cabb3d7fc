-- The site as it is now: a snapshot, without its notices' history.
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    learned INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Every notice that was ever published. A row never changes.
CREATE TABLE notice (
    form TEXT NOT NULL,
    lang TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (form, lang, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE schema (version INTEGER NOT NULL) STRICT;

INSERT INTO schema (version) VALUES (1);
