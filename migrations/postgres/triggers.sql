-- Programs since 20261123000006 run on this schema.
--
-- All functions and triggers of the database: the file describes what is in force, and no migration repeats any of it.
-- `gable migrate up` applies it whenever it differs from what was applied last; a migration applies it again in its own
-- transaction, up or down, without the columns that the table lacks then. To remove a trigger, drop it here.
--
-- It is a template of Go's text/template with one function: columns takes a list of words, NAME or NAME:FORMAT, and
-- returns those whose name is a column of properties.
--
-- A new column of properties is one word here.
{{define "image"}}
    {{- range $i, $column := columns `
        id reference source title description price currency location offer kind status bedrooms bathrooms area_m2
        lot_m2 year_built floor latitude:degrees longitude:degrees version created_at:time updated_at:time` -}}
        {{- if $i}}, {{end}}
        {{- if eq .Format "degrees"}}{{template "degrees" .Name}} AS {{.Name}}
        {{- else if eq .Format "time"}}{{template "time" .Name}} AS {{.Name}}
        {{- else}}{{.Name}}{{end}}
    {{- end}}
{{- end}}
-- The text of a double has as many digits as the session's extra_float_digits says: all that it needs where that is
-- positive, as it is by default. The cast to numeric has 15 always; what they lack is a double again, so that the sum
-- of both has about 30, and any double is read back as it is.
{{define "degrees" -}}
    CASE WHEN pg_catalog.current_setting('extra_float_digits')::integer OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.to_json({{.}})
            ELSE pg_catalog.to_json({{.}}::numeric OPERATOR(pg_catalog.+) ({{.}} OPERATOR(pg_catalog.-)
                {{.}}::numeric::double precision)::numeric) END
{{- end}}
-- Times are in UTC to the microsecond.
{{define "time" -}}
    pg_catalog.to_char({{.}} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{{- end}}
{{- define "remove"}}{{end -}}{{/* Nothing is in the way of a migration. */}}

-- A statement over more rows than this is recorded as one reset.
CREATE OR REPLACE FUNCTION property_reset_rows() RETURNS bigint
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('gable.reset_rows', true), ''), '1000')::bigint;

-- The functions that write run as the owner, so that a role with rights on properties alone can write. What stands in
-- the search path of such a role must not be called instead of what is meant here: tables, functions and operators are
-- therefore named with their schema. (SET search_path would do too, and costs as much as all the rest of a trigger.)
--
-- Nearly every statement writes one row, and what a trigger costs then is to set up its queries: an INSERT some 25 us,
-- a look at whether there are more rows 1 us where it is a query of its own, and 3 us where it is a condition of the
-- INSERT.
DO $migration$
BEGIN
    EXECUTE format($functions$

-- The highest version that the running statement has deleted so far stands in gable.deleted until the statement has
-- recorded its deletes. An INSERT in the same statement sees neither the rows nor the record.
CREATE OR REPLACE FUNCTION properties_on_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('gable.deleted', greatest(OLD.version,
        nullif(pg_catalog.current_setting('gable.deleted', true), '')::bigint)::pg_catalog.text, true);
    RETURN OLD;
END
$$;

-- What a statement sets for version, updated_at and created_at is overruled; a change of id is refused.
CREATE OR REPLACE FUNCTION properties_on_update() RETURNS trigger
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

-- A new row begins at version 1, or after the last version that its id is known to have had. Where the last change
-- recorded is no delete (a truncation, or a delete in this very statement) one number stays free for the delete. Where
-- the id is taken, the lock waits for a transaction that may be deleting it; what that has recorded is seen when
-- looking again. A plan made while the tables are tiny is cached by its connection, and would read them from end to end
-- for every row of an import that makes them large: hence no sequential scans.
CREATE OR REPLACE FUNCTION properties_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    taken boolean;
    deleted pg_catalog.text;
BEGIN
    LOOP
        SELECT EXISTS (SELECT FROM %1$I.properties p WHERE p.id OPERATOR(pg_catalog.=) NEW.id), coalesce((
                SELECT c.version OPERATOR(pg_catalog.+)
                    CASE WHEN c.op OPERATOR(pg_catalog.=) 'delete' THEN 1 ELSE 2 END
                FROM %1$I.property_changes c WHERE c.property_id OPERATOR(pg_catalog.=) NEW.id
                ORDER BY c.seq DESC LIMIT 1), 1)
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
            SELECT 'insert', n.id, n.version, pg_catalog.row_to_json(n)
            FROM (SELECT {{template "image"}}, photos FROM new_rows) n;
    END IF;
    RETURN NULL;
END
$$;

-- One row needs no join. For more it is a FULL JOIN, because the plan is made once and cached: that can never be the
-- nested loop which is ruinous for a thousand.
CREATE OR REPLACE FUNCTION property_changes_of_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM new_rows OFFSET least(1, %1$I.property_reset_rows());
    IF NOT FOUND THEN
        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)
            SELECT 'update', n.id, n.version, pg_catalog.row_to_json(o), pg_catalog.row_to_json(n)
            FROM (SELECT {{template "image"}} FROM old_rows) o
            CROSS JOIN (SELECT {{template "image"}}, photos FROM new_rows) n;
        RETURN NULL;
    END IF;
    PERFORM FROM new_rows OFFSET %1$I.property_reset_rows();
    IF FOUND THEN
        INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    ELSE
        INSERT INTO %1$I.property_changes (op, property_id, version, before, after)
            SELECT 'update', n.id, n.version, pg_catalog.row_to_json(o), pg_catalog.row_to_json(n)
            FROM (SELECT {{template "image"}} FROM old_rows) o
            FULL JOIN (SELECT {{template "image"}}, photos FROM new_rows) n
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
            FROM (SELECT {{template "image"}} FROM old_rows) o;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION property_changes_of_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO %1$I.property_changes (op) VALUES ('reset');
    RETURN NULL;
END
$$;

-- A replica's writer fires no trigger of statements, so what it writes is recorded row by row, however much it is.
CREATE OR REPLACE FUNCTION property_changes_of_replica() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    old_image pg_catalog.json;
    new_image pg_catalog.json;
BEGIN
    IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN
        SELECT pg_catalog.row_to_json(o) INTO old_image
            FROM (SELECT {{template "image"}} FROM (SELECT OLD.*) r) o;
    END IF;
    IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
        SELECT pg_catalog.row_to_json(n) INTO new_image
            FROM (SELECT {{template "image"}}, photos FROM (SELECT NEW.*) r) n;
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

    $functions$, current_schema());
END
$migration$;

CREATE OR REPLACE TRIGGER properties_on_insert BEFORE INSERT ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_insert();
CREATE OR REPLACE TRIGGER properties_on_update BEFORE UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_on_update();
CREATE OR REPLACE TRIGGER property_changes_of_insert AFTER INSERT ON properties
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_insert();
CREATE OR REPLACE TRIGGER property_changes_of_update AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_update();
CREATE OR REPLACE TRIGGER property_changes_of_delete AFTER DELETE ON properties
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_delete();
CREATE OR REPLACE TRIGGER property_changes_of_truncate AFTER TRUNCATE ON properties
    FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_truncate();

-- A query that is a DELETE and inserts nothing needs no note in gable.deleted, which would cost it a quarter of its
-- time. Anything else that deletes may insert as well: WITH, MERGE, a function. The text is that of the query which the
-- client has sent.
CREATE OR REPLACE TRIGGER properties_on_delete BEFORE DELETE ON properties
    FOR EACH ROW WHEN (current_query() ~* '^\s*delete\s' IS NOT true OR current_query() ~* 'insert|merge')
    EXECUTE FUNCTION properties_on_delete();
CREATE OR REPLACE TRIGGER property_changes_of_replica AFTER INSERT OR UPDATE OR DELETE ON properties
    FOR EACH ROW EXECUTE FUNCTION property_changes_of_replica();

-- Rules of versions, and truncations, hold for every writer; of the two ways to record rows each writer fires one.
ALTER TABLE properties
    ENABLE ALWAYS TRIGGER properties_on_insert,
    ENABLE ALWAYS TRIGGER properties_on_update,
    ENABLE ALWAYS TRIGGER properties_on_delete,
    ENABLE ALWAYS TRIGGER property_changes_of_truncate,
    ENABLE REPLICA TRIGGER property_changes_of_replica;
