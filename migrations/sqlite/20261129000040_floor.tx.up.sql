-- Programs since 20261123000006 run on this schema.
-- The storey that the home is on, 0 is the ground floor; NULL if unknown.
ALTER TABLE properties ADD COLUMN floor INTEGER
    CHECK (typeof(floor) IN ('integer', 'null') AND floor BETWEEN -10 AND 200);
