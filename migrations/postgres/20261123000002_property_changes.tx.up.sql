-- The change feed: every committed insert, update and delete of a listing, whoever made it, recorded in the writer's own
-- transaction. Nothing here ever calls NOTIFY, which would take a lock on the whole database at commit.
--
-- The triggers also keep the rules of versions: a listing's version counts up by one at each change and never goes back,
-- not even when a row is deleted and inserted again; updated_at never goes back; id and created_at never change.
--
-- Rows are removed from the oldest seq on and without gaps, so the primary key is all a janitor needs:
--   DELETE FROM property_changes WHERE seq IN (SELECT seq FROM (SELECT seq, changed_at FROM property_changes
--   ORDER BY seq LIMIT 1000) AS oldest WHERE changed_at < $1)
-- Only the triggers write here, so there are no CHECKs, and images up to a page's size are not worth compressing.
CREATE TABLE property_changes (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    op          text NOT NULL,
    property_id uuid,
    version     bigint,
    before      jsonb,
    after       jsonb,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (toast_tuple_target = 8160);
COMMENT ON COLUMN property_changes.op IS 'insert, update, delete or reset (anything may have changed)';
COMMENT ON COLUMN property_changes.property_id IS 'null for a reset';
COMMENT ON COLUMN property_changes.version IS 'after the change; for a delete one more than the row had; null for a reset';
COMMENT ON COLUMN property_changes.before IS 'the row before an update or delete, without photos';
COMMENT ON COLUMN property_changes.after IS 'the row after an insert or update';
CREATE INDEX property_changes_property ON property_changes (property_id, seq);
CREATE INDEX property_changes_tx ON property_changes (tx);

-- The whole row as JSON: numbers exact, times in UTC to the microsecond.
CREATE FUNCTION property_image(p properties) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(p) || jsonb_build_object(
        'created_at', to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'updated_at', to_char(p.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- A new row begins at version 1, or after the last version that its id is known to have had. Where the last change told
-- is no delete (a truncation, or a delete in this very statement) one number stays free for the delete. The lock waits
-- for a transaction that is deleting the same id.
CREATE FUNCTION properties_on_insert() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM properties p WHERE p.id = NEW.id FOR KEY SHARE;
    SELECT c.version + CASE c.op WHEN 'delete' THEN 1 ELSE 2 END INTO NEW.version
        FROM property_changes c WHERE c.property_id = NEW.id ORDER BY c.seq DESC LIMIT 1;
    NEW.version := coalesce(NEW.version, 1);
    RETURN NEW;
END
$$;
CREATE TRIGGER properties_on_insert BEFORE INSERT ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_insert();

-- What a statement says about version, updated_at and created_at is overruled; a change of id is refused.
CREATE FUNCTION properties_on_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the id of a property cannot change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.version := OLD.version + 1;
    NEW.created_at := OLD.created_at;
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
    RETURN NEW;
END
$$;
CREATE TRIGGER properties_on_update BEFORE UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_update();

-- A statement over more rows than gable.reset_rows (1000 unless set) is told as one reset.
CREATE FUNCTION property_changes_told_as_reset(row_count bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF row_count <= coalesce(nullif(current_setting('gable.reset_rows', true), ''), '1000')::bigint THEN
        RETURN false;
    END IF;
    INSERT INTO property_changes (op) VALUES ('reset');
    RETURN true;
END
$$;

CREATE FUNCTION property_changes_of_insert() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT property_changes_told_as_reset((SELECT count(*) FROM new_rows)) THEN
        INSERT INTO property_changes (op, property_id, version, after)
            SELECT 'insert', n.id, n.version, property_image(n) FROM new_rows n;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER property_changes_of_insert AFTER INSERT ON properties
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_insert();

-- FULL JOIN, because the plan is made once and kept: it can never be the nested loop that suits one row and is ruinous
-- for a thousand.
CREATE FUNCTION property_changes_of_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT property_changes_told_as_reset((SELECT count(*) FROM new_rows)) THEN
        INSERT INTO property_changes (op, property_id, version, before, after)
            SELECT 'update', n.id, n.version, property_image(o) - 'photos', property_image(n)
            FROM old_rows o FULL JOIN new_rows n ON o.id = n.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER property_changes_of_update AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_update();

CREATE FUNCTION property_changes_of_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT property_changes_told_as_reset((SELECT count(*) FROM old_rows)) THEN
        INSERT INTO property_changes (op, property_id, version, before)
            SELECT 'delete', o.id, o.version + 1, property_image(o) - 'photos' FROM old_rows o;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER property_changes_of_delete AFTER DELETE ON properties
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_delete();

CREATE FUNCTION property_changes_of_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO property_changes (op) VALUES ('reset');
    RETURN NULL;
END
$$;
CREATE TRIGGER property_changes_of_truncate AFTER TRUNCATE ON properties
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_truncate();

-- Functions run as the owner, so that a role with rights on properties alone can write, and find their tables by a
-- search path that nobody else can put a table or an operator into.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['properties_on_insert', 'property_changes_of_insert', 'property_changes_of_update',
                                'property_changes_of_delete', 'property_changes_of_truncate'] LOOP
        EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp',
                       name, current_schema());
    END LOOP;
END
$$;
