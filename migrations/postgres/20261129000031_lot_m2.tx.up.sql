-- Programs since 20261123000006 run on this schema.
-- The area of the lot in square metres; NULL if unknown.
ALTER TABLE properties ADD COLUMN lot_m2 numeric(12, 2)
    CHECK (lot_m2 BETWEEN 0 AND 9999999999.99);
CREATE INDEX properties_lot_m2 ON properties (lot_m2);
