ALTER TABLE properties DROP COLUMN floor;
