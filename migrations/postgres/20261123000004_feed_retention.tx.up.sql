-- Up to where changes have been removed from property_changes: no row as long as nothing was. Every removed change has at
-- most this seq and at most this transaction, so that a follower who was away for too long can be told so.
CREATE TABLE feed_retention (
    id  integer PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL,
    tx  xid8 NOT NULL
);
