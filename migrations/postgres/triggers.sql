-- Programs since 20261123000006 run on this schema.
--
-- All functions and triggers of the database. This file describes them as they are in force; migrations never repeat them.
-- `gable migrate up` applies it when it differs from the file that was applied last. Each migration, up or down, also
-- applies it in its own transaction, without the columns that the table lacks at that point. To remove a trigger, drop
-- it here.
--
-- The file is a template of Go's text/template with one function: columns takes a list of words, NAME or NAME:FORMAT,
-- and returns those whose name is a column of properties. A new column of properties is one word in this list.
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
-- Degrees are written with all their digits, whatever the session's extra_float_digits is. A positive setting, as by
-- default, writes them. Otherwise a cast to numeric gives 15 digits; the rest is a double too, and the sum of both has
-- about 30 digits, enough to read back any double exactly.
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

-- A text as searches compare it: property.Fold of the program, step by step, to the letter. Indexes store what it
-- returns, so it never changes: another rule takes another name and another index. No setting of a session changes it:
-- names have their schema, and texts with a backslash are E''.
--
-- ASCII, most of it, takes a third of the steps. A regular expression that finds nothing is cheap; translate is not,
-- since it searches its list for each character. The planner knows the cost: some hundred times that of an operator.
CREATE OR REPLACE FUNCTION gable_fold(words text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
DECLARE
    folded pg_catalog.text := pg_catalog.lower(words);
BEGIN
    IF pg_catalog.octet_length(folded) OPERATOR(pg_catalog.<>) pg_catalog.char_length(folded) THEN
        folded := pg_catalog.translate(folded, '´’‘–—“”²³…｜™℠', '''''''--""23    ');
    END IF;
    IF pg_catalog.octet_length(folded) OPERATOR(pg_catalog.<>) pg_catalog.char_length(folded) THEN
        folded := pg_catalog.lower(pg_catalog.normalize(folded, 'NFKD'));
        IF folded OPERATOR(pg_catalog.~) '[øđðħıĸłŋŧςƀɓƃƈɖɗƌɛƒɠɩɨƙƚɲ'
            'ƞƥƫƭʈʋƴƶǥȡȥȴȵȶȷⱥȼⱦȿɀʉɇɉɍɏ]' THEN
            folded := pg_catalog.translate(folded, ' etaoinshrdlcumfpgwybvkxjqz' -- which stay, and are found soon
                'øđðħıĸłŋŧςƀɓƃƈɖɗƌɛƒɠɩɨƙƚɲ'
                'ƞƥƫƭʈʋƴƶǥȡȥȴȵȶȷⱥȼⱦȿɀʉɇɉɍɏ', ' etaoinshrdlcumfpgwybvkxjqz'
                'oddhiqlntσbbbcdddefgiiklnnptttvyzgdzlntjactszuejry');
        END IF;
    END IF;
    -- Punctuation; what is left out inside words, or not seen; accents.
    folded := pg_catalog.regexp_replace(folded,
        E'[\\u0009-\\u000D\\u0021-\\u0026\\u0028-\\u002F\\u003A-\\u0040\\u005B-\\u005F\\u007B\\u007D-\\u007E'
        '\\u0085\\u00A0-\\u00A9\\u00AB-\\u00AC\\u00AE-\\u00B1\\u00B6-\\u00B8\\u00BB\\u00BF\\u00D7\\u00F7'
        '\\u055B-\\u055F\\u0589-\\u058A\\u05BE\\u05C0\\u05C3\\u05F4\\u060C-\\u060D\\u061B\\u061E-\\u061F'
        '\\u066A-\\u066D\\u06D4\\u0964-\\u0965\\u2000-\\u200A\\u2010-\\u2017\\u201A\\u201C-\\u201F'
        '\\u2020-\\u2029\\u202F-\\u2031\\u2038-\\u2056\\u2058-\\u205F\\u20AC\\u2120\\u2122\\u3000-\\u3003'
        '\\u3008-\\u3011\\u3014-\\u301F\\u3030\\u303D\\u30FB]+',
        ' ', 'g');
    folded := pg_catalog.regexp_replace(folded,
        E'[\\u0027\\u0060\\u00AD\\u02B9-\\u02BD\\u02C8-\\u02CB\\u055A\\u05F3\\u0640\\u200B-\\u200F'
        '\\u2018-\\u2019\\u201B\\u202A-\\u202E\\u2032-\\u2037\\u2057\\u2060-\\u2064'
        '\\u2066-\\u206F\\uFE00-\\uFE0F\\uFEFF]+',
        '', 'g');
    IF pg_catalog.octet_length(folded) OPERATOR(pg_catalog.<>) pg_catalog.char_length(folded) THEN
        folded := pg_catalog.regexp_replace(folded,
            E'([\\u0020\\u0061-\\u007A\\u0041-\\u005A\\u00C0-\\u02FF\\u0370-\\u03FF\\u1E00-\\u1FFF\\u2C60-\\u2C7F'
            '\\uA720-\\uA7FF\\uAB30-\\uAB6Fаеоыэюяє])[\\u0300-\\u036F]+|([иуі])\\u0301+',
            E'\\1\\2', 'g');
    END IF;
    IF pg_catalog.octet_length(folded) OPERATOR(pg_catalog.<>) pg_catalog.char_length(folded) THEN
        folded := pg_catalog.normalize(folded, 'NFC');
        folded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(folded,
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    END IF;
    IF pg_catalog.strpos(folded, '  ') OPERATOR(pg_catalog.>) 0 THEN -- one space for several
        folded := pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(folded, ' ', '{}'), '}{', ''), '{}', ' ');
    END IF;
    RETURN pg_catalog.btrim(folded, ' ');
END
$$;
GRANT EXECUTE ON FUNCTION gable_fold(text) TO PUBLIC; -- every writer of listings updates their indexes

-- How far one place is from another, as a whole number to sort by: property.DistanceKey of the program, operation by
-- operation. Both return the same number to the last bit, because a cursor has it.
CREATE OR REPLACE FUNCTION gable_distance(latitude double precision, longitude double precision,
    near_latitude double precision, near_longitude double precision) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    degree CONSTANT pg_catalog.float8 := 0.017453292519943295;
    north pg_catalog.float8 := latitude - near_latitude;
    east pg_catalog.float8 := longitude - near_longitude;
    here pg_catalog.float8 := near_latitude;
    there pg_catalog.float8 := latitude;
BEGIN
    IF east > 180 THEN
        east := east - 360;
    ELSIF east < -180 THEN
        east := east + 360;
    END IF;
    -- Of each angle the radians, their square, and its haversine. A tenth of a millimetre is nothing.
    north := CASE WHEN abs(north) < 1e-9 THEN 0 ELSE north * degree END;
    east := CASE WHEN abs(east) < 1e-9 THEN 0 ELSE east * degree END;
    here := CASE WHEN abs(here) < 1e-9 THEN 0 ELSE here * degree END;
    there := CASE WHEN abs(there) < 1e-9 THEN 0 ELSE there * degree END;
    north := north * north;
    east := east * east;
    here := here * here;
    there := there * there;
    north := north / 4 * (1 - north / 12 * (1 - north / 30 * (1 - north / 56 * (1 - north / 90 * (1 - north / 132 *
        (1 - north / 182 * (1 - north / 240 * (1 - north / 306 *
        (1 - north / 380 * (1 - north / 462 * (1 - north / 552)))))))))));
    east := east / 4 * (1 - east / 12 * (1 - east / 30 * (1 - east / 56 * (1 - east / 90 * (1 - east / 132 *
        (1 - east / 182 * (1 - east / 240 * (1 - east / 306 *
        (1 - east / 380 * (1 - east / 462 * (1 - east / 552)))))))))));
    here := here / 4 * (1 - here / 12 * (1 - here / 30 * (1 - here / 56 * (1 - here / 90 * (1 - here / 132 *
        (1 - here / 182 * (1 - here / 240 * (1 - here / 306 *
        (1 - here / 380 * (1 - here / 462 * (1 - here / 552)))))))))));
    there := there / 4 * (1 - there / 12 * (1 - there / 30 * (1 - there / 56 * (1 - there / 90 * (1 - there / 132 *
        (1 - there / 182 * (1 - there / 240 * (1 - there / 306 *
        (1 - there / 380 * (1 - there / 462 * (1 - there / 552)))))))))));
    RETURN floor((north + (1 - 2 * here) * (1 - 2 * there) * east) * 1152921504606846976);
END
$$;

-- The functions that write run as the owner, so that a role with rights on properties alone can write. Tables, functions
-- and operators have their schema in front, so that a writer cannot put others in their place by its search path.
-- (SET search_path would have the same effect, but costs as much as the rest of a trigger.)
--
-- Nearly every statement writes one row, and a trigger's cost is then the set-up of its queries: some 25 us for an INSERT.
-- The test for more rows costs 1 us as a query of its own, and 3 us as a condition of the INSERT.
DO $migration$
BEGIN
    EXECUTE format($functions$

-- gable.deleted holds the highest version that the running statement has deleted so far, until the statement records its
-- deletes. An INSERT in the same statement sees neither the deleted rows nor the record.
CREATE OR REPLACE FUNCTION properties_on_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('gable.deleted', greatest(OLD.version,
        nullif(pg_catalog.current_setting('gable.deleted', true), '')::bigint)::pg_catalog.text, true);
    RETURN OLD;
END
$$;

-- Overwrites the version, updated_at and created_at that a statement sets, and refuses a change of id.
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

-- A new row begins at version 1, or after the last recorded version of its id. While gable.restore is 'on', as a restore
-- sets it, a higher version that the statement sets is stored. If the last recorded change is not a
-- delete (after a truncation, or when this statement deletes the row), one number stays free for the delete. If the id is
-- taken, the lock waits for a transaction that may be deleting it, and the loop reads that transaction's record.
--
-- Sequential scans are off, because a connection caches its plan. A plan made while the tables are tiny would read them
-- from end to end for every row of an import that makes them large.
CREATE OR REPLACE FUNCTION properties_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    exported bigint := NEW.version;
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
    IF pg_catalog.current_setting('gable.restore', true) OPERATOR(pg_catalog.=) 'on' THEN
        NEW.version := greatest(NEW.version, exported);
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

-- One row needs no join. More rows take a FULL JOIN: its cached plan can never be a nested loop, which is ruinous for a
-- thousand rows.
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

-- Logical replication fires no statement triggers, so its writes are recorded row by row, however many they are.
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

-- A DELETE that inserts nothing needs no note in gable.deleted, which would take a quarter of its time. Any other query
-- that deletes may insert as well: WITH, MERGE, a function. current_query is the text that the client sent.
CREATE OR REPLACE TRIGGER properties_on_delete BEFORE DELETE ON properties
    FOR EACH ROW WHEN (current_query() ~* '^\s*delete\s' IS NOT true OR current_query() ~* 'insert|merge')
    EXECUTE FUNCTION properties_on_delete();
CREATE OR REPLACE TRIGGER property_changes_of_replica AFTER INSERT OR UPDATE OR DELETE ON properties
    FOR EACH ROW EXECUTE FUNCTION property_changes_of_replica();

-- The rules of versions and the record of truncations hold for every writer. Each writer fires one of the two ways to
-- record rows.
ALTER TABLE properties
    ENABLE ALWAYS TRIGGER properties_on_insert,
    ENABLE ALWAYS TRIGGER properties_on_update,
    ENABLE ALWAYS TRIGGER properties_on_delete,
    ENABLE ALWAYS TRIGGER property_changes_of_truncate,
    ENABLE REPLICA TRIGGER property_changes_of_replica;
