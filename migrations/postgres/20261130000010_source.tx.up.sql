-- Programs since 20261123000006 run on this schema.
-- The feed that the listing comes from; NULL where it comes from none.
ALTER TABLE properties ADD COLUMN source text
    CHECK (char_length(source) BETWEEN 1 AND 64 AND source !~ '[[:cntrl:]]');
CREATE INDEX properties_source ON properties (source, created_at, id) WHERE source IS NOT NULL;
