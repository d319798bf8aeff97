ALTER TABLE feed_retention DROP COLUMN mark;
