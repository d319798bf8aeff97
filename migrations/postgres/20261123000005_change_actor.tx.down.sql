ALTER TABLE property_changes DROP COLUMN actor;
