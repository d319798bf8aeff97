-- The change feed: every committed insert, update and delete of a listing by any writer, recorded in the writer's own
-- transaction, as in Postgres, but row by row and never as one reset.
--
-- The triggers also enforce the rules of versions: a listing's version increases by one at each change and never goes back,
-- not even when a row is deleted and inserted again; updated_at never goes back; id and created_at never change. They run
-- after the row is written and correct it, so RETURNING shows the row before the correction: read it again.
--
-- Rows are removed from the oldest seq on and without gaps, so the primary key is all a janitor needs:
--   DELETE FROM property_changes WHERE seq IN (SELECT seq FROM (SELECT seq, changed_at FROM property_changes
--   ORDER BY seq LIMIT 1000) AS oldest WHERE changed_at < ...)
CREATE TABLE property_changes (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    tx          INTEGER GENERATED ALWAYS AS (seq) VIRTUAL, -- there is one writer at a time
    op          TEXT NOT NULL
                CONSTRAINT "properties does not support REPLACE, use ON CONFLICT DO UPDATE" CHECK (op <> 'replace')
                CHECK (op IN ('insert', 'update', 'delete', 'reset', 'replace')), -- reset: anything may have changed
    property_id TEXT,    -- null for a reset
    version     INTEGER, -- after the change; for a delete one more than the row had; null for a reset
    before      TEXT,    -- JSON: the row before an update or delete, without photos
    after       TEXT,    -- JSON: the row after an insert or update
    changed_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE INDEX property_changes_property ON property_changes (property_id, seq);

-- INSERT OR REPLACE removes rows without firing delete triggers: a change nobody would hear of, so it is refused. A
-- statement in a trigger takes over the conflict clause of the statement that fired it: the row below, which can never
-- be stored, is ignored under every statement but a REPLACE, which it fails. Where rows collide only.
CREATE TRIGGER properties_replace_by_insert BEFORE INSERT ON properties
WHEN EXISTS (SELECT 1 FROM properties WHERE id = NEW.id OR reference = NEW.reference)
BEGIN
    INSERT OR IGNORE INTO property_changes (op) VALUES ('replace');
END;
CREATE TRIGGER properties_replace_by_update BEFORE UPDATE OF reference ON properties
WHEN EXISTS (SELECT 1 FROM properties WHERE reference = NEW.reference AND id <> OLD.id)
BEGIN
    INSERT OR IGNORE INTO property_changes (op) VALUES ('replace');
END;

CREATE TRIGGER properties_keep_id BEFORE UPDATE OF id ON properties
WHEN NEW.id IS NOT OLD.id
BEGIN
    SELECT RAISE(ABORT, 'the id of a property cannot change');
END;

-- A new row begins at version 1, or after the last version that its id is known to have had.
CREATE TRIGGER properties_on_insert AFTER INSERT ON properties
BEGIN
    INSERT INTO property_changes (op, property_id, version, after)
    SELECT 'insert', NEW.id, next.version, json_object(
        'id', NEW.id, 'reference', NEW.reference, 'title', NEW.title, 'description', NEW.description,
        'price', json(format('%.2f', NEW.price)), 'currency', NEW.currency, 'location', NEW.location,
        'offer', NEW.offer, 'kind', NEW.kind, 'status', NEW.status, 'bedrooms', NEW.bedrooms,
        'bathrooms', json(iif(NEW.bathrooms IS NULL, NULL, format('%.2f', NEW.bathrooms))),
        'area_m2', json(iif(NEW.area_m2 IS NULL, NULL, format('%.2f', NEW.area_m2))),
        'latitude', json(iif(NEW.latitude IS NULL, NULL, format('%!.17g', NEW.latitude))),
        'longitude', json(iif(NEW.longitude IS NULL, NULL, format('%!.17g', NEW.longitude))),
        'photos', json(NEW.photos),
        'version', next.version, 'created_at', NEW.created_at,
        'updated_at', NEW.updated_at)
    FROM (SELECT coalesce((SELECT version FROM property_changes WHERE property_id = NEW.id
        ORDER BY seq DESC LIMIT 1), 0) + 1 AS version) AS next;
    UPDATE properties SET version = told.version
    FROM (SELECT version FROM property_changes WHERE property_id = NEW.id ORDER BY seq DESC LIMIT 1) AS told
    WHERE id = NEW.id AND properties.version <> told.version;
END;

-- What a statement says about version, updated_at and created_at is overruled. The condition lets the triggers' own
-- corrections pass: only those move a version to the one last told.
CREATE TRIGGER properties_on_update AFTER UPDATE ON properties
WHEN NEW.version = OLD.version OR NEW.version IS NOT
    (SELECT version FROM property_changes WHERE property_id = NEW.id ORDER BY seq DESC LIMIT 1)
BEGIN
    INSERT INTO property_changes (op, property_id, version, before, after)
    VALUES ('update', NEW.id, OLD.version + 1, json_object(
        'id', OLD.id, 'reference', OLD.reference, 'title', OLD.title, 'description', OLD.description,
        'price', json(format('%.2f', OLD.price)), 'currency', OLD.currency, 'location', OLD.location,
        'offer', OLD.offer, 'kind', OLD.kind, 'status', OLD.status, 'bedrooms', OLD.bedrooms,
        'bathrooms', json(iif(OLD.bathrooms IS NULL, NULL, format('%.2f', OLD.bathrooms))),
        'area_m2', json(iif(OLD.area_m2 IS NULL, NULL, format('%.2f', OLD.area_m2))),
        'latitude', json(iif(OLD.latitude IS NULL, NULL, format('%!.17g', OLD.latitude))),
        'longitude', json(iif(OLD.longitude IS NULL, NULL, format('%!.17g', OLD.longitude))),
        'version', OLD.version, 'created_at', OLD.created_at,
        'updated_at', OLD.updated_at), json_object(
        'id', NEW.id, 'reference', NEW.reference, 'title', NEW.title, 'description', NEW.description,
        'price', json(format('%.2f', NEW.price)), 'currency', NEW.currency, 'location', NEW.location,
        'offer', NEW.offer, 'kind', NEW.kind, 'status', NEW.status, 'bedrooms', NEW.bedrooms,
        'bathrooms', json(iif(NEW.bathrooms IS NULL, NULL, format('%.2f', NEW.bathrooms))),
        'area_m2', json(iif(NEW.area_m2 IS NULL, NULL, format('%.2f', NEW.area_m2))),
        'latitude', json(iif(NEW.latitude IS NULL, NULL, format('%!.17g', NEW.latitude))),
        'longitude', json(iif(NEW.longitude IS NULL, NULL, format('%!.17g', NEW.longitude))),
        'photos', json(NEW.photos),
        'version', OLD.version + 1, 'created_at', OLD.created_at,
        'updated_at', max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')));
    UPDATE properties SET version = OLD.version + 1, created_at = OLD.created_at,
        updated_at = max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
    WHERE id = NEW.id;
END;

CREATE TRIGGER properties_on_delete AFTER DELETE ON properties
BEGIN
    INSERT INTO property_changes (op, property_id, version, before)
    VALUES ('delete', OLD.id, OLD.version + 1, json_object(
        'id', OLD.id, 'reference', OLD.reference, 'title', OLD.title, 'description', OLD.description,
        'price', json(format('%.2f', OLD.price)), 'currency', OLD.currency, 'location', OLD.location,
        'offer', OLD.offer, 'kind', OLD.kind, 'status', OLD.status, 'bedrooms', OLD.bedrooms,
        'bathrooms', json(iif(OLD.bathrooms IS NULL, NULL, format('%.2f', OLD.bathrooms))),
        'area_m2', json(iif(OLD.area_m2 IS NULL, NULL, format('%.2f', OLD.area_m2))),
        'latitude', json(iif(OLD.latitude IS NULL, NULL, format('%!.17g', OLD.latitude))),
        'longitude', json(iif(OLD.longitude IS NULL, NULL, format('%!.17g', OLD.longitude))),
        'version', OLD.version, 'created_at', OLD.created_at,
        'updated_at', OLD.updated_at));
END;
