-- Who made each change. Gable says so for its own writes, in the writing transaction; whoever writes by hand may say so too,
--   SET gable.actor = 'anna'
-- and is otherwise named after the role they logged in as. It is a note and no proof: who may write listings may write any
-- name here.
--
-- It is a default, so that it costs the triggers no query and holds wherever they insert. What it calls is settled here and
-- does not depend on the search path of who writes. The conversions refuse what is no text: a setting that comes with a
-- connection is not checked by the server. Changes made before stay without a name, hence two statements.
ALTER TABLE property_changes ADD COLUMN actor text;
ALTER TABLE property_changes ALTER COLUMN actor SET DEFAULT pg_catalog.convert_from(pg_catalog.convert_to(pg_catalog.left(
    coalesce(nullif(pg_catalog.current_setting('gable.actor', true), ''), 'database user ' || session_user),
    100), 'UTF8'), 'UTF8');
COMMENT ON COLUMN property_changes.actor IS 'who made the change; null where it was not recorded yet';
