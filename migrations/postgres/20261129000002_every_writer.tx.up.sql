-- Programs since 20261123000006 run on this schema.
--
-- A recorded change no longer depends on its writer:
--   * latitude and longitude are exact for any extra_float_digits of the writer's session;
--   * changes under session_replication_role = replica, as logical replication writes, are recorded, too;
--   * an id that one statement deletes and inserts continues at a higher version, even without a record of its past.
DO $migration$
BEGIN
    EXECUTE format($functions$

-- The highest version that the running statement has deleted so far stands in gable.deleted until the statement has recorded
-- its deletes. An INSERT in the same statement sees neither the rows nor the record.
CREATE FUNCTION properties_on_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('gable.deleted', greatest(OLD.version,
        nullif(pg_catalog.current_setting('gable.deleted', true), '')::bigint)::pg_catalog.text, true);
    RETURN OLD;
END
$$;

-- A new row begins at version 1, or after the last version that its id is known to have had. Where the last change recorded
-- is no delete (a truncation, or a delete in this very statement) one number stays free for the delete. Where the id is
-- taken, the lock waits for a transaction that may be deleting it; what that has recorded is seen when looking again.
-- A plan made while the tables are tiny is cached by its connection, and would read them from end to end for every row of an
-- import that makes them large: hence no sequential scans.
CREATE OR REPLACE FUNCTION properties_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    taken boolean;
    deleted pg_catalog.text;
BEGIN
    LOOP
        SELECT EXISTS (SELECT FROM %1$I.properties p WHERE p.id OPERATOR(pg_catalog.=) NEW.id), coalesce((
                SELECT c.version OPERATOR(pg_catalog.+) CASE WHEN c.op OPERATOR(pg_catalog.=) 'delete' THEN 1 ELSE 2 END
                FROM %1$I.property_changes c WHERE c.property_id OPERATOR(pg_catalog.=) NEW.id ORDER BY c.seq DESC LIMIT 1), 1)
            INTO taken, NEW.version;
        EXIT WHEN NOT taken;
        PERFORM FROM %1$I.properties p WHERE p.id OPERATOR(pg_catalog.=) NEW.id FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
    deleted := pg_catalog.current_setting('gable.deleted', true);
    IF deleted OPERATOR(pg_catalog.~) '^[0-9]{1,15}$' THEN
        NEW.version := greatest(NEW.version, deleted::bigint OPERATOR(pg_catalog.+) 2);
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION property_changes_of_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM new_rows OFFSET %1$I.property_reset_rows();
    IF FOUND THEN
        INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    ELSE
        INSERT INTO %1$I.property_changes (op, property_id, version, after)
            SELECT 'insert', n.id, n.version, pg_catalog.row_to_json(n) FROM (SELECT %2$s, photos FROM new_rows) n;
    END IF;
    RETURN NULL;
END
$$;

-- One row needs no join. For more it is a FULL JOIN, because the plan is made once and cached: that can never be the nested
-- loop which is ruinous for a thousand.
CREATE OR REPLACE FUNCTION property_changes_of_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM new_rows OFFSET least(1, %1$I.property_reset_rows());
    IF NOT FOUND THEN
        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)
            SELECT 'update', n.id, n.version, pg_catalog.row_to_json(o), pg_catalog.row_to_json(n)
            FROM (SELECT %2$s FROM old_rows) o CROSS JOIN (SELECT %2$s, photos FROM new_rows) n;
        RETURN NULL;
    END IF;
    PERFORM FROM new_rows OFFSET %1$I.property_reset_rows();
    IF FOUND THEN
        INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    ELSE
        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)
            SELECT 'update', n.id, n.version, pg_catalog.row_to_json(o), pg_catalog.row_to_json(n)
            FROM (SELECT %2$s FROM old_rows) o FULL JOIN (SELECT %2$s, photos FROM new_rows) n
            ON o.id OPERATOR(pg_catalog.=) n.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION property_changes_of_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.current_setting('gable.deleted', true) OPERATOR(pg_catalog.<>) '' THEN
        PERFORM pg_catalog.set_config('gable.deleted', '', true);
    END IF;
    PERFORM FROM old_rows OFFSET %1$I.property_reset_rows();
    IF FOUND THEN
        INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    ELSE
        INSERT INTO %1$I.property_changes (op, property_id, version, before)
            SELECT 'delete', o.id, o.version OPERATOR(pg_catalog.+) 1, pg_catalog.row_to_json(o)
            FROM (SELECT %2$s FROM old_rows) o;
    END IF;
    RETURN NULL;
END
$$;

-- A replica's writer fires no trigger of statements, so what it writes is recorded row by row, however much it is.
CREATE FUNCTION property_changes_of_replica() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    old_image pg_catalog.json;
    new_image pg_catalog.json;
BEGIN
    IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN
        SELECT pg_catalog.row_to_json(o) INTO old_image FROM (SELECT %2$s FROM (SELECT OLD.*) r) o;
    END IF;
    IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
        SELECT pg_catalog.row_to_json(n) INTO new_image FROM (SELECT %2$s, photos FROM (SELECT NEW.*) r) n;
        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)
            VALUES (pg_catalog.lower(TG_OP), NEW.id, NEW.version, old_image, new_image);
    ELSE
        PERFORM pg_catalog.set_config('gable.deleted', '', true);
        INSERT INTO %1$I.property_changes (op, property_id, version, before)
            VALUES ('delete', OLD.id, OLD.version OPERATOR(pg_catalog.+) 1, old_image);
    END IF;
    RETURN NULL;
END
$$;

    $functions$, current_schema(),
    -- The columns of an image: numbers exact, times in UTC to the microsecond. The text of a double has as many digits as the
    -- session's extra_float_digits says: all that it needs where that is positive, as it is by default. The cast to numeric
    -- has 15 always; what they lack is a double again, so that the sum of both has about 30, and any double is read back as it is.
    $columns$id, reference, title, description, price, currency, location, offer, kind, status, bedrooms, bathrooms, area_m2,
        CASE WHEN pg_catalog.current_setting('extra_float_digits')::integer OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.to_json(latitude)
            ELSE pg_catalog.to_json(latitude::numeric OPERATOR(pg_catalog.+) (latitude OPERATOR(pg_catalog.-)
                latitude::numeric::double precision)::numeric) END AS latitude,
        CASE WHEN pg_catalog.current_setting('extra_float_digits')::integer OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.to_json(longitude)
            ELSE pg_catalog.to_json(longitude::numeric OPERATOR(pg_catalog.+) (longitude OPERATOR(pg_catalog.-)
                longitude::numeric::double precision)::numeric) END AS longitude, version,
        pg_catalog.to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
        pg_catalog.to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at$columns$);
END
$migration$;

-- A query that is a DELETE and inserts nothing needs no such note, which would cost it a quarter of its time. Whatever else
-- deletes may insert as well: WITH, MERGE, a function. The text is that of the query which the client has sent.
CREATE TRIGGER properties_on_delete BEFORE DELETE ON properties
    FOR EACH ROW WHEN (current_query() ~* '^\s*delete\s' IS NOT true OR current_query() ~* 'insert|merge')
    EXECUTE FUNCTION properties_on_delete();
CREATE TRIGGER property_changes_of_replica AFTER INSERT OR UPDATE OR DELETE ON properties
    FOR EACH ROW EXECUTE FUNCTION property_changes_of_replica();

-- Rules of versions, and truncations, hold for every writer; of the two ways to record rows each writer fires one.
ALTER TABLE properties
    ENABLE ALWAYS TRIGGER properties_on_insert,
    ENABLE ALWAYS TRIGGER properties_on_update,
    ENABLE ALWAYS TRIGGER properties_on_delete,
    ENABLE ALWAYS TRIGGER property_changes_of_truncate,
    ENABLE REPLICA TRIGGER property_changes_of_replica;
