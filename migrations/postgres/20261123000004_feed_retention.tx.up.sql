-- How far changes have been removed from property_changes; without a row, all changes are there. Every removed change has at
-- most this seq and at most this transaction, so that a follower that was away for too long can see that it has a gap.
CREATE TABLE feed_retention (
    id  integer PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL,
    tx  xid8 NOT NULL
);
