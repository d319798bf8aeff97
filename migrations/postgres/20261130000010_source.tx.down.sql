ALTER TABLE properties DROP COLUMN source;
