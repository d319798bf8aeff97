DROP TABLE feed_retention;
