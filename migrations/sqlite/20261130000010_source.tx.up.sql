-- Programs since 20261123000006 run on this schema.
-- The feed that the listing comes from; NULL where it comes from none.
ALTER TABLE properties ADD COLUMN source TEXT
    CHECK (typeof(source) IN ('text', 'null') AND length(source) BETWEEN 1 AND 64
        AND source NOT GLOB ('*[' || char(1, 45, 31, 127, 45, 159) || ']*') AND instr(source, char(0)) = 0);
CREATE INDEX properties_source ON properties (source, created_at, id) WHERE source IS NOT NULL;
