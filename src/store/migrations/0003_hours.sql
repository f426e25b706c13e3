-- Errors of each hour, counted from 1970, by severity. What lies long before the newest hour
-- is dropped.
CREATE TABLE hours (
    hour     INTEGER NOT NULL,
    severity TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, severity)
) WITHOUT ROWID;

-- The same for each incident, for a shorter time.
CREATE TABLE incident_hours (
    incident TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (incident, hour)
) WITHOUT ROWID;
