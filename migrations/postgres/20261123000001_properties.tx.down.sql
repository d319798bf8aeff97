-- The pg_trgm extension stays: others may use it by now.
DROP TABLE properties;
