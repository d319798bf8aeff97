DROP INDEX properties_year_built;
ALTER TABLE properties DROP COLUMN year_built;
