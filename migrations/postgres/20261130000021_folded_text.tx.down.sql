DROP INDEX properties_folded_reference;
DROP INDEX IF EXISTS properties_folded_location;
DROP INDEX IF EXISTS properties_folded_text;
