-- Up to where changes have been removed from property_changes: no row as long as nothing was. Every removed change has at
-- most this seq, so that a follower who was away for too long can be told so.
CREATE TABLE feed_retention (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
);
