-- Since when a daemon has been a member, for people. A member of the first version writes none.
ALTER TABLE members ADD COLUMN since TIMESTAMPTZ;
