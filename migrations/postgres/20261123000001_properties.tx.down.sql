-- The pg_trgm extension stays, because other objects may use it.
DROP TABLE properties;
