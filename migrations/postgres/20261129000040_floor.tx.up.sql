-- Programs since 20261123000006 run on this schema.
-- The storey that the home is on, 0 is the ground floor; NULL if unknown.
ALTER TABLE properties ADD COLUMN floor integer
    CHECK (floor BETWEEN -10 AND 200);
