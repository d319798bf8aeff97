-- The change feed: every committed insert, update and delete of a listing by any writer, recorded in the writer's own
-- transaction. Nothing here ever calls NOTIFY, which would take a lock on the whole database at commit.
--
-- The triggers also enforce the rules of versions: a listing's version increases by one at each change and never goes back,
-- not even when a row is deleted and inserted again; updated_at never goes back; id and created_at never change.
--
-- Rows are removed from the oldest seq on and without gaps, so the primary key is all a janitor needs:
--   DELETE FROM property_changes WHERE seq IN (SELECT seq FROM (SELECT seq, changed_at FROM property_changes
--   ORDER BY seq LIMIT 1000) AS oldest WHERE changed_at < $1)
-- Only the triggers write here, so the table needs no CHECKs, and images up to a page's size are not worth compressing.
-- They are json and not jsonb, because they are written and read as a whole.
CREATE TABLE property_changes (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    op          text NOT NULL,
    property_id uuid,
    version     bigint,
    before      json,
    after       json,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (toast_tuple_target = 8160);
COMMENT ON COLUMN property_changes.op IS 'insert, update, delete or reset (anything may have changed)';
COMMENT ON COLUMN property_changes.property_id IS 'null for a reset';
COMMENT ON COLUMN property_changes.version IS 'after the change; for a delete one more than the row had; null for a reset';
COMMENT ON COLUMN property_changes.before IS 'the row before an update or delete, without photos';
COMMENT ON COLUMN property_changes.after IS 'the row after an insert or update';
CREATE INDEX property_changes_property ON property_changes (property_id, seq);
CREATE INDEX property_changes_tx ON property_changes (tx, seq);

-- A statement over more rows than this is told as one reset.
CREATE FUNCTION property_reset_rows() RETURNS bigint
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('gable.reset_rows', true), ''), '1000')::bigint;

-- The functions that write run as the owner, so that a role with rights on properties alone can write. Whatever stands in
-- the search path of such a role must not be called instead of what is meant here: tables, functions and operators are
-- therefore named with their schema. (SET search_path would do too, and costs as much as all the rest of a trigger.)
--
-- Nearly every statement writes one row, and what a trigger costs then is to set up its queries: an INSERT some 25 us, a
-- look at whether there are more rows 1 us where it is a query of its own, and 3 us where it is a condition of the INSERT.
DO $migration$
BEGIN
    EXECUTE format($functions$

-- What a statement says about version, updated_at and created_at is overruled; a change of id is refused.
CREATE FUNCTION properties_on_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id OPERATOR(pg_catalog.<>) OLD.id THEN
        RAISE EXCEPTION 'the id of a property cannot change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.version := OLD.version OPERATOR(pg_catalog.+) 1;
    NEW.created_at := OLD.created_at;
    NEW.updated_at := greatest(pg_catalog.clock_timestamp(), OLD.updated_at);
    RETURN NEW;
END
$$;

-- A new row begins at version 1, or after the last version that its id is known to have had. Where the last change told
-- is no delete (a truncation, or a delete in this very statement) one number stays free for the delete. Where the id is
-- taken, the lock waits for a transaction that may be deleting it; what that has told is seen when looking again.
-- A plan made while the tables are tiny is kept by its connection, and would read them from end to end for every row of an
-- import that makes them large: hence no sequential scans.
CREATE FUNCTION properties_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    taken boolean;
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
    RETURN NEW;
END
$$;

CREATE FUNCTION property_changes_of_insert() RETURNS trigger
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

-- One row needs no join. For more it is a FULL JOIN, because the plan is made once and kept: that can never be the nested
-- loop which is ruinous for a thousand.
CREATE FUNCTION property_changes_of_update() RETURNS trigger
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

CREATE FUNCTION property_changes_of_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
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

CREATE FUNCTION property_changes_of_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    RETURN NULL;
END
$$;

    $functions$, current_schema(),
    -- The columns of an image: numbers exact, times in UTC to the microsecond.
    $columns$id, reference, title, description, price, currency, location, offer, kind, status, bedrooms, bathrooms, area_m2,
        latitude, longitude, version,
        pg_catalog.to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
        pg_catalog.to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at$columns$);
END
$migration$;

CREATE TRIGGER properties_on_insert BEFORE INSERT ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_insert();
CREATE TRIGGER properties_on_update BEFORE UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_update();
CREATE TRIGGER property_changes_of_insert AFTER INSERT ON properties
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_insert();
CREATE TRIGGER property_changes_of_update AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_update();
CREATE TRIGGER property_changes_of_delete AFTER DELETE ON properties
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_delete();
CREATE TRIGGER property_changes_of_truncate AFTER TRUNCATE ON properties
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_truncate();
