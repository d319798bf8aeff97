-- Programs since 20261123000006 run on this schema.
--
-- The mark of the last removed change; every change has one. It distinguishes the histories of two files from which equally
-- many changes were removed. NULL for changes removed before marks existed.
ALTER TABLE feed_retention ADD COLUMN mark TEXT;
