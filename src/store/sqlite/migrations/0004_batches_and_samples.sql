-- Keys of occurrences that were counted, those of a commit in one row or a few: 8 bytes a key, the
-- most significant first. They are only ever asked for all at once, and filed one by one each took
-- pages of its own in hand.
CREATE TABLE batches (
    id   INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
);
INSERT INTO batches (keys)
    SELECT unhex(group_concat(printf('%016x', key), '' ORDER BY at DESC, key))
    FROM (SELECT key, at, (row_number() OVER (ORDER BY at DESC, key) - 1) / 4096 AS part FROM seen)
    GROUP BY part ORDER BY part DESC;
DROP TABLE seen;
ALTER TABLE batches RENAME TO seen;

-- JSON: the finding that was kept of an incident as a sample, redacted before it came here. It
-- is far longer than all else of an incident, and changes far less often.
CREATE TABLE samples (
    incident TEXT NOT NULL PRIMARY KEY,
    sample   TEXT NOT NULL
);
INSERT INTO samples (incident, sample) SELECT key, sample FROM incidents;
ALTER TABLE incidents DROP COLUMN sample;
