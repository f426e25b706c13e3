-- The first schema. Times are nanoseconds since 1970 in UTC; 64-bit keys are stored as
-- their bits. A later change is a file of its own, never a change of this one.

-- Counters that survive a restart. Never pruned.
CREATE TABLE totals (
    series TEXT NOT NULL PRIMARY KEY,
    value  REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE incidents (
    key                 TEXT NOT NULL PRIMARY KEY,
    fingerprint         TEXT NOT NULL,
    -- How the fingerprint was made when the incident was opened.
    fingerprint_version INTEGER NOT NULL,
    -- JSON: what else tells it from others with the same fingerprint.
    grouping            TEXT NOT NULL,
    rule                TEXT NOT NULL,
    category            TEXT NOT NULL,
    severity            TEXT NOT NULL,
    fault               TEXT NOT NULL,
    state               TEXT NOT NULL,
    count               INTEGER NOT NULL,
    first_seen          INTEGER NOT NULL,
    last_seen           INTEGER NOT NULL,
    last_read           INTEGER NOT NULL,
    resolved_at         INTEGER,
    notified_at         INTEGER,
    -- JSON: the finding that was kept as a sample, redacted before it came here.
    sample              TEXT NOT NULL,
    -- JSON: the names of what it touched.
    places              TEXT NOT NULL
);
CREATE INDEX incidents_by_state ON incidents (state, last_seen);
CREATE INDEX incidents_by_fingerprint ON incidents (fingerprint);

-- The latest times that each incident happened.
CREATE TABLE occurrences (
    id       INTEGER PRIMARY KEY,
    incident TEXT NOT NULL,
    time     INTEGER NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX occurrences_by_incident ON occurrences (incident, time);

-- Alerts on their way to receivers. An id is never used twice, so that the word of an
-- old delivery cannot settle a new alert.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver   TEXT NOT NULL,
    incident   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    -- Hash of the labels: an incident that became more severe is another alert.
    labels     INTEGER NOT NULL,
    alert      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    queued_at  INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (receiver, incident, reason, labels)
);

-- Where each source goes on. `position` is the offset, as bits.
CREATE TABLE checkpoints (
    source   TEXT NOT NULL,
    stream   TEXT NOT NULL,
    position INTEGER NOT NULL,
    framing  TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (source, stream)
) WITHOUT ROWID;

-- Keys of occurrences that were counted.
CREATE TABLE seen (
    key INTEGER PRIMARY KEY,
    at  INTEGER NOT NULL
);
CREATE INDEX seen_by_time ON seen (at);

-- Runs that wait for word of their failed activities.
CREATE TABLE held (
    key  INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
