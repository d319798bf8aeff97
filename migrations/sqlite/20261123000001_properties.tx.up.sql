-- The listings, as in Postgres. Columns are named as the JSON fields; every column but title, price and location has a
-- default. The CHECKs repeat the limits of the domain: what SQL can store, the program accepts. SQLite stores any type
-- anywhere and cuts text at NUL, so they look at types and control characters too. Money is exact: 14 digits fit a float.
-- Times are UTC text of one length, so that text order is time order. Text searches scan: there is no index for substrings.
CREATE TABLE properties (
    id          TEXT NOT NULL PRIMARY KEY
                DEFAULT (lower(format('%s-%s-4%s-%s%s-%s', hex(randomblob(4)), hex(randomblob(2)),
                    substr(hex(randomblob(2)), 2), substr('89ab', 1 + (random() & 3), 1), substr(hex(randomblob(2)), 2),
                    hex(randomblob(6)))))
                CHECK (id GLOB '????????-????-????-????-????????????' AND octet_length(id) = 36
                    AND octet_length(replace(id, '-', '')) = 32 AND replace(id, '-', '') NOT GLOB '*[^0-9a-f]*'),
    reference   TEXT UNIQUE
                CHECK (typeof(reference) IN ('text', 'null') AND length(reference) BETWEEN 1 AND 64
                    AND reference NOT GLOB ('*[' || char(1, 45, 31, 127, 45, 159) || ']*') AND instr(reference, char(0)) = 0),
    title       TEXT NOT NULL
                CHECK (typeof(title) = 'text' AND length(title) BETWEEN 1 AND 200 AND trim(title) <> ''
                    AND title NOT GLOB ('*[' || char(1, 45, 31, 127, 45, 159) || ']*') AND instr(title, char(0)) = 0),
    description TEXT NOT NULL DEFAULT ''
                CHECK (typeof(description) = 'text' AND length(description) <= 20000 AND instr(description, char(0)) = 0),
    price       NUMERIC NOT NULL
                CHECK (typeof(price) <> 'text' AND price BETWEEN 0 AND 999999999999.99 AND price = round(price, 2)),
    currency    TEXT NOT NULL DEFAULT 'USD'
                CHECK (currency GLOB '[A-Z][A-Z][A-Z]' AND octet_length(currency) = 3),
    location    TEXT NOT NULL
                CHECK (typeof(location) = 'text' AND length(location) BETWEEN 1 AND 200 AND trim(location) <> ''
                    AND location NOT GLOB ('*[' || char(1, 45, 31, 127, 45, 159) || ']*') AND instr(location, char(0)) = 0),
    offer       TEXT NOT NULL DEFAULT 'sale'
                CHECK (offer IN ('sale', 'rent')),
    kind        TEXT NOT NULL DEFAULT 'other'
                CHECK (kind IN ('house', 'apartment', 'townhouse', 'room', 'land', 'commercial', 'other')),
    status      TEXT NOT NULL DEFAULT 'active'
                CHECK (status IN ('active', 'pending', 'sold', 'withdrawn')),
    bedrooms    INTEGER
                CHECK (typeof(bedrooms) IN ('integer', 'null') AND bedrooms BETWEEN 0 AND 1000),
    bathrooms   NUMERIC
                CHECK (typeof(bathrooms) <> 'text' AND bathrooms BETWEEN 0 AND 1000
                    AND bathrooms * 4 = CAST(bathrooms * 4 AS INTEGER)),
    area_m2     NUMERIC
                CHECK (typeof(area_m2) <> 'text' AND area_m2 BETWEEN 0 AND 9999999999.99 AND area_m2 = round(area_m2, 2)),
    latitude    REAL
                CHECK (typeof(latitude) IN ('real', 'null') AND latitude BETWEEN -90 AND 90),
    longitude   REAL
                CHECK (typeof(longitude) IN ('real', 'null') AND longitude BETWEEN -180 AND 180),
    photos      TEXT NOT NULL DEFAULT '[]'
                CHECK (typeof(photos) = 'text'
                    AND iif(json_valid(photos), json_type(photos) = 'array' AND json_array_length(photos) <= 50, 0)),
    version     INTEGER NOT NULL DEFAULT 1
                CHECK (typeof(version) = 'integer'),
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
                CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'
                    AND created_at >= '0001' AND octet_length(created_at) = 27
                    AND strftime('%Y-%m-%dT%H:%M:%S', created_at) = substr(created_at, 1, 19)),
    updated_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
                CHECK (updated_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'
                    AND updated_at >= '0001' AND octet_length(updated_at) = 27
                    AND strftime('%Y-%m-%dT%H:%M:%S', updated_at) = substr(updated_at, 1, 19)),
    CONSTRAINT properties_coordinates_check CHECK ((latitude IS NULL) = (longitude IS NULL))
);

-- A CHECK cannot look into an array, a trigger can.
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

-- One index for every sort. A listing without an area comes last both ways, hence two expressions: one above and one
-- below every area there can be.
CREATE INDEX properties_created_at ON properties (created_at, id);
CREATE INDEX properties_updated_at ON properties (updated_at, id);
CREATE INDEX properties_price ON properties (price, id);
CREATE INDEX properties_area_m2_up ON properties (coalesce(area_m2, 10000000000), id);
CREATE INDEX properties_area_m2_down ON properties (coalesce(area_m2, -1), id);

-- One index for every filter. Choices are followed by the default sort, so that a page needs no sorting.
CREATE INDEX properties_offer ON properties (offer, created_at, id);
CREATE INDEX properties_kind ON properties (kind, created_at, id);
CREATE INDEX properties_status ON properties (status, created_at, id);
CREATE INDEX properties_currency ON properties (currency, created_at, id);
CREATE INDEX properties_bedrooms ON properties (bedrooms);
CREATE INDEX properties_bathrooms ON properties (bathrooms);
CREATE INDEX properties_coordinates ON properties (latitude, longitude);
