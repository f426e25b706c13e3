-- JSON: what decides on the next notice of an incident and on its end.
ALTER TABLE incidents ADD COLUMN course TEXT NOT NULL DEFAULT '{}';

-- What is not to be told for a while.
CREATE TABLE silences (
    id      TEXT NOT NULL PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    body    TEXT NOT NULL
) WITHOUT ROWID;

-- How each integration runtime stood last, as JSON.
CREATE TABLE runtimes (
    name TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;
