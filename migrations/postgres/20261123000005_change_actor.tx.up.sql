-- Who made each change. Gable sets it for its own writes, in the writing transaction. Writers by hand may set it, too:
--   SET gable.actor = 'anna'
-- Otherwise it is the role that they logged in as. It proves nothing: any writer of listings may write any name here.
--
-- The column has a default, so that the triggers need no query for it. The functions have their schema in front, so that
-- they do not depend on the writer's search path. The conversions refuse bytes that are not text, which the server does not
-- check in a setting of the connection. Older changes stay without a name, hence two statements.
ALTER TABLE property_changes ADD COLUMN actor text;
ALTER TABLE property_changes ALTER COLUMN actor SET DEFAULT pg_catalog.convert_from(pg_catalog.convert_to(pg_catalog.left(
    coalesce(nullif(pg_catalog.current_setting('gable.actor', true), ''), 'database user ' || session_user),
    100), 'UTF8'), 'UTF8');
COMMENT ON COLUMN property_changes.actor IS 'who made the change; null where it was not recorded yet';
