-- Programs since 20261123000006 run on this schema.
-- The year in which the building was finished; NULL if unknown.
ALTER TABLE properties ADD COLUMN year_built INTEGER
    CHECK (typeof(year_built) IN ('integer', 'null') AND year_built BETWEEN 1000 AND 2200);
CREATE INDEX properties_year_built ON properties (year_built);
