-- The first schema. Times are nanoseconds since 1970 in UTC; 64-bit keys are stored as their
-- bits. A later change is a file of its own that only adds: members of two versions work side
-- by side while a fleet is updated.

-- The version that wrote the schema, and the least version that may still use it.
CREATE TABLE about (
    version INTEGER NOT NULL,
    floor   INTEGER NOT NULL
);

-- One row for each daemon. `session` is that of its process: what an older process of the same
-- name still wants to write is refused. `commits` tells after a lost connection whether the
-- last commit came through.
CREATE SEQUENCE sessions;
CREATE TABLE members (
    name     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session  BIGINT NOT NULL UNIQUE,
    commits  BIGINT NOT NULL DEFAULT 0,
    alive_at TIMESTAMPTZ NOT NULL,
    version  TEXT NOT NULL
);

-- What one of the fleet does at a time, and when it was done last.
CREATE TABLE duties (
    name    TEXT NOT NULL PRIMARY KEY,
    done_at TIMESTAMPTZ NOT NULL
);

-- Who reads a stream that only one may read at a time: the session of a member.
CREATE TABLE streams (
    source TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    owner  BIGINT NOT NULL,
    PRIMARY KEY (source, stream)
);

-- The member's: counters that survive a restart. Never pruned.
CREATE TABLE totals (
    member TEXT COLLATE "C" NOT NULL,
    series TEXT COLLATE "C" NOT NULL,
    value  DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (member, series)
);

-- The fleet's. Defaults are for a row that is made to be locked, and filled before anybody
-- can see it.
CREATE TABLE incidents (
    key                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint         TEXT COLLATE "C" NOT NULL DEFAULT '',
    fingerprint_version INTEGER NOT NULL DEFAULT 0,
    grouping            TEXT NOT NULL DEFAULT '{}',
    rule                TEXT COLLATE "C" NOT NULL DEFAULT '',
    category            TEXT NOT NULL DEFAULT '',
    severity            TEXT NOT NULL DEFAULT '',
    fault               TEXT NOT NULL DEFAULT '',
    state               TEXT NOT NULL DEFAULT '',
    count               BIGINT NOT NULL DEFAULT 0,
    first_seen          BIGINT NOT NULL DEFAULT 0,
    last_seen           BIGINT NOT NULL DEFAULT 0,
    last_read           BIGINT NOT NULL DEFAULT 0,
    resolved_at         BIGINT,
    notified_at         BIGINT,
    sample              TEXT NOT NULL DEFAULT '',
    places              TEXT NOT NULL DEFAULT '{}',
    course              TEXT NOT NULL DEFAULT '{}',
    -- Who wrote it last, and in which transaction: others look for what is new by it.
    changed_by          TEXT COLLATE "C" NOT NULL DEFAULT '',
    changed             XID8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX incidents_by_state ON incidents (state, last_seen);
CREATE INDEX incidents_by_fingerprint ON incidents (fingerprint);
CREATE INDEX incidents_by_change ON incidents (changed);

CREATE TABLE occurrences (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident TEXT COLLATE "C" NOT NULL,
    time     BIGINT NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX occurrences_by_incident ON occurrences (incident, time);

-- Errors of each hour, counted from 1970. Each member has rows of its own, so that no member
-- waits for another; they are added up when they are read.
CREATE TABLE hours (
    member   TEXT COLLATE "C" NOT NULL,
    hour     BIGINT NOT NULL,
    severity TEXT COLLATE "C" NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (member, hour, severity)
);
CREATE INDEX hours_by_hour ON hours (hour);

CREATE TABLE incident_hours (
    incident TEXT COLLATE "C" NOT NULL,
    hour     BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (incident, hour)
);

-- The fleet's: alerts on their way. `leased_by` is the session of the member that sends it; the
-- lease ends with that session.
CREATE SEQUENCE alerts;
CREATE TABLE outbox (
    id         BIGINT NOT NULL PRIMARY KEY DEFAULT nextval('alerts'),
    receiver   TEXT COLLATE "C" NOT NULL,
    incident   TEXT COLLATE "C" NOT NULL,
    reason     TEXT NOT NULL,
    labels     BIGINT NOT NULL,
    alert      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    queued_at  BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    last_error TEXT,
    leased_by  BIGINT,
    UNIQUE (receiver, incident, reason, labels)
);

-- Where each source goes on. `member` is empty for streams that any member may read.
CREATE TABLE checkpoints (
    member   TEXT COLLATE "C" NOT NULL,
    source   TEXT COLLATE "C" NOT NULL,
    stream   TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    framing  TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (member, source, stream)
);

-- The fleet's: keys of occurrences that were counted.
CREATE TABLE seen (
    key        BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL,
    changed    XID8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX seen_by_time ON seen (at);
CREATE INDEX seen_by_change ON seen (changed);

-- Runs that wait for word of their failed activities; `member` as with checkpoints.
CREATE TABLE held (
    member TEXT COLLATE "C" NOT NULL,
    key    BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (member, key)
);

-- The fleet's: what is not to be told for a while.
CREATE TABLE silences (
    id      TEXT NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    body    TEXT NOT NULL
);

-- The member's: how each integration runtime stood last, as JSON.
CREATE TABLE runtimes (
    member TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (member, name)
);
