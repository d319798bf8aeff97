-- The listings. Columns are named as the JSON fields, so that hand-written SQL reads naturally; every column but title,
-- price and location has a default. The CHECKs repeat the limits of the domain: what SQL can store, the program accepts.
-- BETWEEN also refuses NaN and infinity, which Postgres sorts above every number. There are as few CHECKs as do the
-- work, because Postgres reads each of them anew for every statement, and no {m,n} in their patterns, because counting
-- repetitions takes a regular expression a thousand times as long as char_length.
CREATE TABLE properties (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    reference   text UNIQUE
                CHECK (char_length(reference) BETWEEN 1 AND 64 AND reference !~ '[[:cntrl:]]'),
    title       text NOT NULL
                CHECK (char_length(title) BETWEEN 1 AND 200 AND title !~ '[[:cntrl:]]' AND title ~ '\S'),
    description text NOT NULL DEFAULT ''
                CHECK (char_length(description) <= 20000),
    price       numeric(14, 2) NOT NULL
                CHECK (price BETWEEN 0 AND 999999999999.99),
    currency    text NOT NULL DEFAULT 'USD'
                CHECK (currency ~ '^[A-Z]{3}$'),
    location    text NOT NULL
                CHECK (char_length(location) BETWEEN 1 AND 200 AND location !~ '[[:cntrl:]]' AND location ~ '\S'),
    offer       text NOT NULL DEFAULT 'sale'
                CHECK (offer IN ('sale', 'rent')),
    kind        text NOT NULL DEFAULT 'other'
                CHECK (kind IN ('house', 'apartment', 'townhouse', 'room', 'land', 'commercial', 'other')),
    status      text NOT NULL DEFAULT 'active'
                CHECK (status IN ('active', 'pending', 'sold', 'withdrawn')),
    bedrooms    integer
                CHECK (bedrooms BETWEEN 0 AND 1000),
    bathrooms   numeric(6, 2)
                CHECK (bathrooms BETWEEN 0 AND 1000 AND bathrooms * 4 = trunc(bathrooms * 4)),
    area_m2     numeric(12, 2)
                CHECK (area_m2 BETWEEN 0 AND 9999999999.99),
    latitude    double precision
                CHECK (latitude BETWEEN -90 AND 90),
    longitude   double precision
                CHECK (longitude BETWEEN -180 AND 180),
    photos      jsonb NOT NULL DEFAULT '[]'
                CHECK (CASE jsonb_typeof(photos)
                           WHEN 'array' THEN jsonb_array_length(photos) <= 50 AND NOT jsonb_path_exists(photos,
                               'strict $[*] ? (@.type() != "string" || !(@ like_regex "^https?://[^/]" flag "i"))')
                           ELSE false
                       END),
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now()
                CHECK (created_at >= '0001-01-01 00:00:00Z' AND created_at < '10000-01-01 00:00:00Z'),
    updated_at  timestamptz NOT NULL DEFAULT now()
                CHECK (updated_at >= '0001-01-01 00:00:00Z' AND updated_at < '10000-01-01 00:00:00Z'),
    CONSTRAINT properties_coordinates_check CHECK ((latitude IS NULL) = (longitude IS NULL))
);

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

-- Text is searched by substring. A query must use the very expression indexed here. Where pg_trgm is not installed, may
-- not be created by this role, or lives outside the search path, the answers are the same, only slower.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX properties_location_text ON properties USING gin (location gin_trgm_ops);
    CREATE INDEX properties_text ON properties
        USING gin ((title || ' ' || description || ' ' || location) gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN
        RAISE NOTICE 'text searches go without an index: %', SQLERRM;
END
$$;
