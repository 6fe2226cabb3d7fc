-- The mail that tells the operator that a lane has stopped: its id, when it is due (NULL: there is none to send), and how often it was not taken.
ALTER TABLE lane ADD COLUMN alert_id TEXT;

ALTER TABLE lane ADD COLUMN alert_at INTEGER;

ALTER TABLE lane ADD COLUMN alert_failures INTEGER NOT NULL DEFAULT 0;

-- How many attempts there were: each is written over the one that is so many back as are kept.
ALTER TABLE lane ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;

-- What was answered is under the key of the person whom the event is about: such words name people.
CREATE TABLE attempt (
    endpoint TEXT NOT NULL,
    place INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    status INTEGER,
    reason TEXT,
    answer BLOB,
    PRIMARY KEY (endpoint, place)
) STRICT;

-- Since when the operator wants it sent once more.
ALTER TABLE dead_letter ADD COLUMN resend_at INTEGER;
