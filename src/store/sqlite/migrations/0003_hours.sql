-- Errors of each hour, counted from 1970, by severity. The newest of
-- them are kept.
CREATE TABLE hours (
    hour     INTEGER NOT NULL,
    severity TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, severity)
) WITHOUT ROWID;

-- The same for each incident; fewer are kept.
CREATE TABLE incident_hours (
    incident TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (incident, hour)
) WITHOUT ROWID;
