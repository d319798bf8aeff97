-- Programs since 20261123000006 run on this schema.
--
-- All triggers of the database. This file describes them as they are in force; migrations never repeat them.
-- `gable migrate up` applies it when it differs from the file that was applied last. Each migration, up or down, also
-- applies it in its own transaction, without the columns that the table lacks at that point. To remove a trigger, drop
-- it here.
--
-- The file is a template of Go's text/template with one function: columns takes a list of words, NAME or NAME:FORMAT,
-- and returns those whose name is a column of properties. A new column of properties is one word in this list.
{{define "image"}}
    {{- $row := .}}
    {{- range $i, $column := columns `
        id reference source title description price:decimal currency location offer
        kind status bedrooms bathrooms:decimal area_m2:decimal lot_m2:decimal year_built floor latitude:degrees
        longitude:degrees` -}}
        {{- if $i}}, {{end}}'{{.Name}}', {{$value := print $row "." .Name}}
        {{- if eq .Format "decimal"}}json(iif({{$value}} IS NULL, NULL, format('%.2f', {{$value}})))
        {{- else if eq .Format "degrees"}}json(iif({{$value}} IS NULL, NULL, format('%!.17g', {{$value}})))
        {{- else}}{{$value}}{{end}}
    {{- end}}
{{- end}}

-- SQLite refuses to drop a column that a trigger names, so a migration first removes the triggers.
{{define "remove" -}}
DROP TRIGGER IF EXISTS properties_photos_of_insert;
DROP TRIGGER IF EXISTS properties_photos_of_update;
DROP TRIGGER IF EXISTS properties_replace_by_insert;
DROP TRIGGER IF EXISTS properties_replace_by_update;
DROP TRIGGER IF EXISTS properties_keep_id;
DROP TRIGGER IF EXISTS properties_on_insert;
DROP TRIGGER IF EXISTS properties_on_update;
DROP TRIGGER IF EXISTS properties_on_delete;
{{- end}}
{{- template "remove"}}

-- A CHECK cannot read the elements of an array; a trigger can.
CREATE TRIGGER properties_photos_of_insert BEFORE INSERT ON properties
WHEN json_valid(NEW.photos) AND EXISTS (SELECT 1 FROM json_each(NEW.photos)
    WHERE type <> 'text' OR (value NOT LIKE 'http://_%' AND value NOT LIKE 'https://_%'))
BEGIN
    SELECT RAISE(ABORT, 'photos must be http or https addresses');
END;
CREATE TRIGGER properties_photos_of_update BEFORE UPDATE OF photos ON properties
WHEN json_valid(NEW.photos) AND EXISTS (SELECT 1 FROM json_each(NEW.photos)
    WHERE type <> 'text' OR (value NOT LIKE 'http://_%' AND value NOT LIKE 'https://_%'))
BEGIN
    SELECT RAISE(ABORT, 'photos must be http or https addresses');
END;

-- INSERT OR REPLACE is refused, because it removes rows without firing delete triggers, and the change would not be
-- recorded. A statement in a trigger inherits the conflict clause of the statement that fired it. The op 'replace' below
-- can never be stored: a REPLACE fails by it, and every other statement ignores it. Fires only where rows collide.
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

-- A new row begins at version 1, or after the last recorded version of its id.
CREATE TRIGGER properties_on_insert AFTER INSERT ON properties
BEGIN
    INSERT INTO property_changes (op, property_id, version, after)
    SELECT 'insert', NEW.id, next.version, json_object(
        {{template "image" "NEW"}},
        'photos', json(NEW.photos),
        'version', next.version, 'created_at', NEW.created_at,
        'updated_at', NEW.updated_at)
    FROM (SELECT coalesce((SELECT version FROM property_changes WHERE property_id = NEW.id
        ORDER BY seq DESC LIMIT 1), 0) + 1 AS version) AS next;
    UPDATE properties SET version = recorded.version
    FROM (SELECT version FROM property_changes WHERE property_id = NEW.id ORDER BY seq DESC LIMIT 1) AS recorded
    WHERE id = NEW.id AND properties.version <> recorded.version;
END;

-- Overwrites the version, updated_at and created_at that a statement sets. The condition excludes the corrections of
-- these triggers, which alone set a version to the one recorded last.
CREATE TRIGGER properties_on_update AFTER UPDATE ON properties
WHEN NEW.version = OLD.version OR NEW.version IS NOT
    (SELECT version FROM property_changes WHERE property_id = NEW.id ORDER BY seq DESC LIMIT 1)
BEGIN
    INSERT INTO property_changes (op, property_id, version, before, after)
    VALUES ('update', NEW.id, OLD.version + 1, json_object(
        {{template "image" "OLD"}},
        'version', OLD.version, 'created_at', OLD.created_at,
        'updated_at', OLD.updated_at), json_object(
        {{template "image" "NEW"}},
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
        {{template "image" "OLD"}},
        'version', OLD.version, 'created_at', OLD.created_at,
        'updated_at', OLD.updated_at));
END;
