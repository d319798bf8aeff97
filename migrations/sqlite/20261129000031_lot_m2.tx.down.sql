DROP INDEX properties_lot_m2;
ALTER TABLE properties DROP COLUMN lot_m2;
