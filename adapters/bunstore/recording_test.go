package bunstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gable-listings/gable/ports"
)

// unrecorded are ways to change listings past the triggers that leave everything else as it was.
var unrecorded = map[string][]string{
	"a column is rewritten": {
		"ALTER TABLE properties ALTER COLUMN price TYPE numeric(14, 2) USING price * 2",
	},
	"a column is rewritten as another type and back": {
		"ALTER TABLE properties ALTER COLUMN bedrooms TYPE bigint USING bedrooms + 1",
		"ALTER TABLE properties ALTER COLUMN bedrooms TYPE integer",
	},
	"a trigger is switched off and on in one transaction": {
		"BEGIN; ALTER TABLE properties DISABLE TRIGGER property_changes_of_update; UPDATE properties SET price = 2;" +
			"ALTER TABLE properties ENABLE TRIGGER property_changes_of_update; COMMIT",
	},
	"all triggers are switched off and on": {
		"ALTER TABLE properties DISABLE TRIGGER ALL", "UPDATE properties SET price = 2",
		"ALTER TABLE properties ENABLE TRIGGER ALL",
		"ALTER TABLE properties ENABLE ALWAYS TRIGGER properties_on_insert, ENABLE ALWAYS TRIGGER properties_on_update," +
			"ENABLE ALWAYS TRIGGER properties_on_delete, ENABLE ALWAYS TRIGGER property_changes_of_truncate," +
			"ENABLE REPLICA TRIGGER property_changes_of_replica",
	},
	"a trigger is dropped and made again": {
		"BEGIN; DROP TRIGGER property_changes_of_delete ON properties; DELETE FROM properties;" +
			"CREATE TRIGGER property_changes_of_delete AFTER DELETE ON properties REFERENCING OLD TABLE AS old_rows" +
			" FOR EACH STATEMENT EXECUTE FUNCTION property_changes_of_delete(); COMMIT",
	},
	"what is recorded is truncated before it is read": {
		"UPDATE properties SET price = 2", "TRUNCATE property_changes",
		"INSERT INTO properties (title, price, location) VALUES ('later', 1, 'b')",
	},
	"a change and the truncation are one transaction": {
		"BEGIN; UPDATE properties SET price = 2; TRUNCATE property_changes; COMMIT",
		"INSERT INTO properties (title, price, location) VALUES ('later', 1, 'b')",
	},
	"a trigger's function does nothing for a while": {
		"CREATE FUNCTION saved() RETURNS text LANGUAGE sql AS " +
			"$$ SELECT pg_get_functiondef('property_changes_of_update'::regproc) $$",
		"CREATE TABLE saved AS SELECT saved() AS definition",
		"CREATE OR REPLACE FUNCTION property_changes_of_update() RETURNS trigger LANGUAGE plpgsql AS " +
			"'BEGIN RETURN NULL; END'",
		"UPDATE properties SET price = 2",
		"DO $$ BEGIN EXECUTE (SELECT definition FROM saved); END $$",
	},
}

func TestAChangePastTheTriggersEndsTheHistory(t *testing.T) {
	for name, statements := range unrecorded {
		t.Run(name, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			store(t, db, listing(t, 1))
			cursor, before, err := db.Feed().Head(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			byHand(t, db.Writer(), statements...)
			if page, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
				t.Errorf("the feed goes on with %d changes, error %v", len(page.Changes), err)
			}
			if _, after, err := db.Feed().Head(t.Context(), 0); err != nil || after.Epoch == before.Epoch {
				t.Errorf("epoch %q follows epoch %q, error %v", after.Epoch, before.Epoch, err)
			}
		})
	}
}

func TestWhatChangesNoListingEndsNoHistory(t *testing.T) {
	db := open(t, template.Postgres(t))
	store(t, db, listing(t, 1))
	cursor := head(t, db)
	for _, statement := range []string{
		"VACUUM FULL properties", "CLUSTER properties USING properties_pkey", "ANALYZE properties",
		"REINDEX TABLE properties",
		"CREATE INDEX ON properties (title)", "GRANT SELECT ON properties TO PUBLIC", "COMMENT ON TABLE properties IS 'x'",
		"VACUUM FREEZE pg_attribute", "VACUUM FULL pg_trigger", "TRUNCATE properties",
	} {
		byHand(t, db.Writer(), statement)
		page, err := db.Feed().Changes(t.Context(), cursor, 10)
		if err != nil {
			t.Fatalf("after %s: %v", statement, err)
		}
		cursor = page.Next
	}
}

func TestWhileChangesAreNotRecordedThereIsNoFeed(t *testing.T) {
	for off, on := range map[string]string{
		"ALTER TABLE properties DISABLE TRIGGER properties_on_insert": "ALTER TABLE properties " +
			"ENABLE ALWAYS TRIGGER properties_on_insert",
		"ALTER TABLE properties ENABLE TRIGGER property_changes_of_replica": "ALTER TABLE properties " +
			"ENABLE REPLICA TRIGGER property_changes_of_replica",
		"ALTER TABLE properties ENABLE REPLICA TRIGGER property_changes_of_update": "ALTER TABLE properties " +
			"ENABLE TRIGGER property_changes_of_update",
		"ALTER TRIGGER property_changes_of_insert ON properties RENAME TO retired": "ALTER TRIGGER retired ON properties " +
			"RENAME TO property_changes_of_insert",
		"ALTER TABLE properties RENAME TO homes; CREATE VIEW properties AS TABLE homes": "DROP VIEW properties; " +
			"ALTER TABLE homes RENAME TO properties",
		"CREATE TABLE lots () INHERITS (properties)": "DROP TABLE lots",
		"CREATE TABLE assets (LIKE properties); ALTER TABLE properties INHERIT assets": "ALTER TABLE properties " +
			"NO INHERIT assets",
	} {
		t.Run(off, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			cursor := head(t, db)
			byHand(t, db.Writer(), off)
			if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrUnavailable) {
				t.Errorf("the feed's error is %v", err)
			}
			if _, _, err := db.Feed().Head(t.Context(), 0); !errors.Is(err, ports.ErrUnavailable) ||
				!strings.Contains(err.Error(), "not recorded") {
				t.Errorf("the head's error is %v", err)
			}
			byHand(t, db.Writer(), on)
			if _, _, err := db.Feed().Head(t.Context(), 0); err != nil {
				t.Errorf("with everything in place again: %v", err)
			}
		})
	}
}

// A statement fires only the statement triggers of the table that it names.
func TestAWriteThroughAParentIsWhyATableWithOneHasNoFeed(t *testing.T) {
	for name, join := range map[string]string{
		"inherited": "CREATE TABLE assets (LIKE properties); ALTER TABLE properties INHERIT assets",
		"a partition": "CREATE TABLE assets (LIKE properties) PARTITION BY LIST (kind);" +
			"ALTER TABLE assets ATTACH PARTITION properties DEFAULT",
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			store(t, db, listing(t, 1))
			byHand(t, db.Writer(), join, "UPDATE assets SET price = 2")
			var recorded bool
			const updated = "SELECT EXISTS (SELECT FROM property_changes WHERE op = 'update')"
			err := db.Writer().QueryRowContext(t.Context(), updated).Scan(&recorded)
			if err != nil || recorded {
				t.Errorf("recorded: %v, error %v", recorded, err)
			}
			_, _, err = db.Feed().Head(t.Context(), 0)
			if !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "assets") {
				t.Errorf("the head's error is %v", err)
			}
		})
	}
}
