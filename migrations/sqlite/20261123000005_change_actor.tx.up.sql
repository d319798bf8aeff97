-- Who made each change. Gable writes it in the transaction that changes the listing, after the triggers record the change.
-- Changes made by hand have no name, since SQLite has no users; a writer may set one here.
ALTER TABLE property_changes ADD COLUMN actor TEXT;
