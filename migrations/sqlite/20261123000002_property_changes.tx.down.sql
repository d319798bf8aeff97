DROP TRIGGER properties_replace_by_insert;
DROP TRIGGER properties_replace_by_update;
DROP TRIGGER properties_keep_id;
DROP TRIGGER properties_on_insert;
DROP TRIGGER properties_on_update;
DROP TRIGGER properties_on_delete;
DROP TABLE property_changes;
