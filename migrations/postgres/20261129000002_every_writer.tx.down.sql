ALTER TABLE properties
    ENABLE TRIGGER properties_on_insert,
    ENABLE TRIGGER properties_on_update,
    ENABLE TRIGGER property_changes_of_truncate;
DROP TRIGGER property_changes_of_replica ON properties;
DROP TRIGGER properties_on_delete ON properties;
DROP FUNCTION property_changes_of_replica();
DROP FUNCTION properties_on_delete();

-- The former functions.
DO $migration$
BEGIN
    EXECUTE format($functions$

CREATE OR REPLACE FUNCTION properties_on_insert() RETURNS trigger
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

    $functions$, current_schema(),
    -- The columns of an image: numbers exact, times in UTC to the microsecond.
    $columns$id, reference, title, description, price, currency, location, offer, kind, status, bedrooms, bathrooms, area_m2,
        latitude, longitude, version,
        pg_catalog.to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
        pg_catalog.to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at$columns$);
END
$migration$;

DROP FUNCTION IF EXISTS gable_fold(text);
DROP FUNCTION IF EXISTS gable_distance(double precision, double precision, double precision, double precision);
