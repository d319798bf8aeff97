ALTER TABLE properties DROP COLUMN lot_m2;
