ALTER TABLE properties DROP COLUMN year_built;
