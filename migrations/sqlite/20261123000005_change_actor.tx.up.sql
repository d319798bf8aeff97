-- Who made each change. Gable writes it in the transaction that changes the listing, when the triggers have recorded the
-- change. Changes made by hand have no name, since SQLite knows no users; whoever likes to can write theirs here.
ALTER TABLE property_changes ADD COLUMN actor TEXT;
