-- Programs since 20261123000006 run on this schema.
--
-- The mark of the last change removed, as of every change: it tells the histories of two files apart that have removed equally
-- many. Null for what was removed before there were marks.
ALTER TABLE feed_retention ADD COLUMN mark TEXT;
