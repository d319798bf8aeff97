package bunstore_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// unrecorded are ways to change listings past the triggers that leave everything as it was, but for the listings.
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
		"CREATE FUNCTION saved() RETURNS text LANGUAGE sql AS $$ SELECT pg_get_functiondef('property_changes_of_update'::regproc) $$",
		"CREATE TABLE saved AS SELECT saved() AS definition",
		"CREATE OR REPLACE FUNCTION property_changes_of_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
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
		"VACUUM FULL properties", "CLUSTER properties USING properties_pkey", "ANALYZE properties", "REINDEX TABLE properties",
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
		"ALTER TABLE properties DISABLE TRIGGER properties_on_insert":                   "ALTER TABLE properties ENABLE ALWAYS TRIGGER properties_on_insert",
		"ALTER TABLE properties ENABLE TRIGGER property_changes_of_replica":             "ALTER TABLE properties ENABLE REPLICA TRIGGER property_changes_of_replica",
		"ALTER TABLE properties ENABLE REPLICA TRIGGER property_changes_of_update":      "ALTER TABLE properties ENABLE TRIGGER property_changes_of_update",
		"ALTER TRIGGER property_changes_of_insert ON properties RENAME TO retired":      "ALTER TRIGGER retired ON properties RENAME TO property_changes_of_insert",
		"ALTER TABLE properties RENAME TO homes; CREATE VIEW properties AS TABLE homes": "DROP VIEW properties; ALTER TABLE homes RENAME TO properties",
		"CREATE TABLE lots () INHERITS (properties)":                                    "DROP TABLE lots",
		"CREATE TABLE assets (LIKE properties); ALTER TABLE properties INHERIT assets":  "ALTER TABLE properties NO INHERIT assets",
	} {
		t.Run(off, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			cursor := head(t, db)
			byHand(t, db.Writer(), off)
			if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrUnavailable) {
				t.Errorf("the feed's error is %v", err)
			}
			if _, _, err := db.Feed().Head(t.Context(), 0); !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "not recorded") {
				t.Errorf("the head's error is %v", err)
			}
			byHand(t, db.Writer(), on)
			if _, _, err := db.Feed().Head(t.Context(), 0); err != nil {
				t.Errorf("with everything in place again: %v", err)
			}
		})
	}
}

// A statement fires the triggers of statements of the table that it names, and of no other.
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

// changesAfter are the changes that statements in a session of their own leave.
func changesAfter(t *testing.T, db *bunstore.DB, settings []string, statements ...string) []property.Change {
	t.Helper()
	cursor := head(t, db)
	conn, err := db.Writer().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = conn.ExecContext(t.Context(), "RESET ALL")
		_ = conn.Close()
	}()
	for _, statement := range append(settings, statements...) {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	page, err := db.Feed().Changes(t.Context(), cursor, 100)
	if err != nil {
		t.Fatal(err)
	}
	return page.Changes
}

// oneOfEach inserts a listing that has everything, changes and deletes it.
var oneOfEach = []string{
	`INSERT INTO properties (id, title, price, location, bathrooms, area_m2, latitude, longitude, photos, created_at) VALUES
		('11111111-1111-4111-8111-111111111111', E'\\ ''"é', 1234.5, 'Lyon', 2.25, 81.07, 45.123456789012344, 1e-7 / 3,
		'["https://a.b/c"]', '2001-02-03 04:05:06.789012+09')`,
	"UPDATE properties SET price = 999999999999.99, latitude = -0.1 * 3, longitude = 179.99999999999997",
	"DELETE FROM properties",
}

// whatIsRecorded is the changes without what differs from run to run.
func whatIsRecorded(changes []property.Change) []property.Change {
	for i := range changes {
		changes[i].Tx, changes[i].At = 0, time.Time{}
		for _, p := range []*property.Property{changes[i].Before, changes[i].After} {
			if p != nil {
				p.UpdatedAt = time.Time{}
				p.Version = 0
			}
		}
		changes[i].Version = 0
	}
	return changes
}

func TestTheSessionOfAWriterChangesNothingInWhatIsRecorded(t *testing.T) {
	db := open(t, template.Postgres(t))
	plain := whatIsRecorded(changesAfter(t, db, nil, oneOfEach...))
	if len(plain) != 3 || plain[1].After.Coordinates.Value.Longitude != 179.99999999999997 {
		t.Fatalf("recorded are %+v", plain)
	}
	for _, setting := range sessionSettings(t, db.Writer()) {
		recorded := whatIsRecorded(changesAfter(t, db, []string{setting}, oneOfEach...))
		if diff := cmp.Diff(plain, recorded); diff != "" {
			t.Errorf("under %s:\n%s", setting, diff)
		}
	}
}

// sessionSettings are statements that set whatever a session may set of how the server reads and writes values, plans and
// fires triggers, each to each of its values, or to its ends.
func sessionSettings(t *testing.T, db *bun.DB) (statements []string) {
	t.Helper()
	var settings []struct {
		Name, Vartype, Min, Max string
		Enumvals                []string `bun:",array"`
	}
	err := db.NewRaw(`SELECT name, vartype, coalesce(min_val, '') AS min, coalesce(max_val, '') AS max, enumvals FROM pg_settings
		WHERE context IN ('user', 'superuser') AND category ~ '^(Client Connection|Version and Platform|Query Tuning|Error Handling)'
			AND name !~ 'timeout|read_only|default_t(able|ablespace)|_preload|local_preload|temp_tablespaces|gin_fuzzy|search_path|client_encoding|_file|dynamic|lc_messages|role'
		ORDER BY name`).Scan(t.Context(), &settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		values := s.Enumvals
		switch s.Vartype {
		case "bool":
			values = []string{"on", "off"}
		case "integer", "real":
			values = []string{s.Min, s.Max}
		}
		for _, value := range values {
			statements = append(statements, fmt.Sprintf("SET %s = '%s'", s.Name, value))
		}
	}
	statements = append(statements, "SET extra_float_digits = 0", "SET DateStyle = 'SQL, DMY'", "SET DateStyle = 'German'",
		"SET TimeZone = 'Asia/Kolkata'", "SET IntervalStyle = 'iso_8601'", "SET search_path = pg_temp, public",
		"SET lc_numeric = 'C'", "SET gable.deleted = ''", "SET plpgsql.variable_conflict = 'use_column'",
		"SET plpgsql.extra_errors = 'all'", "SET client_encoding = 'UTF8'")
	if len(statements) < 100 {
		t.Fatalf("only %d settings were found", len(statements))
	}
	return statements
}

func TestEveryDoubleIsRecordedAsItIs(t *testing.T) {
	db := open(t, template.Postgres(t))
	random := rand.New(rand.NewPCG(1, 2))
	for _, latitude := range append([]float64{5e-324, -2.2250738585072014e-308, 1.0 / 3, 89.99999999999999, -90, math.Copysign(0, -1)},
		random.NormFloat64(), random.Float64()*90, random.Float64()*1e-9, math.Nextafter(45, 46), math.Nextafter(1, 0)) {
		changes := changesAfter(t, db, []string{"SET extra_float_digits = -15"}, fmt.Sprintf(
			"INSERT INTO properties (title, price, location, latitude, longitude) VALUES ('a', 1, 'b', '%v'::float8, '%v'::float8)", latitude, latitude*2))
		at := changes[0].After.Coordinates.Value
		if at.Latitude != latitude || at.Longitude != latitude*2 {
			t.Errorf("%v, %v is recorded as %v, %v", latitude, latitude*2, at.Latitude, at.Longitude)
		}
		found, err := db.Repository().Find(t.Context(), changes[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		// Equal numbers can be written differently: 0 and -0.
		if written, recorded := fmt.Sprint(found.Coordinates.Value), fmt.Sprint(at); written != recorded {
			t.Errorf("%s is recorded as %s", written, recorded)
		}
	}
}

func TestAWriterInTheReplicaRoleIsRecordedLikeAnyOther(t *testing.T) {
	db := open(t, template.Postgres(t))
	role := []string{"SET session_replication_role = replica"}
	plain := changesAfter(t, db, nil, oneOfEach...)
	replica := changesAfter(t, db, role, oneOfEach...)
	for i, c := range replica {
		if c.Version != int64(4+i) { // of the first three the last was version 3
			t.Errorf("the %s has version %d", c.Op, c.Version)
		}
	}
	if diff := cmp.Diff(whatIsRecorded(plain), whatIsRecorded(replica)); diff != "" {
		t.Error(diff)
	}
	if changes := changesAfter(t, db, role, "TRUNCATE properties"); len(changes) != 1 || changes[0].Op != property.OpReset {
		t.Errorf("of a truncation is recorded %+v", changes)
	}
}

// A subscription's worker fires no trigger of statements, whatever their state.
func TestWhatLogicalReplicationWritesIsRecorded(t *testing.T) {
	server := servicetest.StartPostgres(t, "wal_level=logical")
	onServer(t, server, "CREATE DATABASE publisher")
	source, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	source.Path = "/publisher"
	publisher := open(t, source.String())
	subscriber := open(t, server.URL())
	p := store(t, publisher, listing(t, 1))
	byHand(t, publisher.Writer(), "CREATE PUBLICATION listings FOR TABLE properties",
		"SELECT pg_create_logical_replication_slot('listings', 'pgoutput')")
	cursor := head(t, subscriber)
	byHand(t, subscriber.Writer(), fmt.Sprintf(
		"CREATE SUBSCRIPTION listings CONNECTION '%s' PUBLICATION listings WITH (create_slot = false, slot_name = 'listings')",
		source))
	want := func(op property.Op, version int64) {
		t.Helper()
		for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
			page, err := subscriber.Feed().Changes(t.Context(), cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			cursor = page.Next
			if len(page.Changes) == 0 {
				continue
			}
			if c := page.Changes[0]; len(page.Changes) > 1 || c.Op != op || c.ID != p.ID && op != property.OpReset || c.Version != version {
				t.Fatalf("recorded is %+v", page.Changes)
			}
			return
		}
		t.Fatalf("the %s is not recorded", op)
	}
	want(property.OpInsert, 1) // the first copy of the table
	byHand(t, publisher.Writer(), "UPDATE properties SET price = 2")
	want(property.OpUpdate, 2)
	byHand(t, publisher.Writer(), "DELETE FROM properties")
	want(property.OpDelete, 3)
	byHand(t, publisher.Writer(), "TRUNCATE properties")
	want(property.OpReset, 0)
}

// One statement deletes and inserts an id whose versions are not recorded, or not any more.
func TestAnIDThatOneStatementDeletesAndInsertsGoesOnAtAHigherVersion(t *testing.T) {
	const again = `WITH gone AS (DELETE FROM properties RETURNING *)
		INSERT INTO properties (id, title, price, location) SELECT id, title, price, location FROM gone`
	for name, before := range map[string][]string{
		"recorded as resets":  {"SET gable.reset_rows = 0", "UPDATE properties SET price = 2", "UPDATE properties SET price = 3", "RESET gable.reset_rows"},
		"pruned":              {"UPDATE properties SET price = 2", "DELETE FROM property_changes"},
		"recorded":            {"UPDATE properties SET price = 2"},
		"deleted once before": {"UPDATE properties SET price = 2", again},
	} {
		for _, role := range []string{"origin", "replica"} {
			t.Run(name+" "+role, func(t *testing.T) {
				db := open(t, template.Postgres(t))
				p := store(t, db, listing(t, 1))
				settings := append([]string{"SET session_replication_role = " + role}, before...)
				changes := changesAfter(t, db, settings, "BEGIN", again,
					"INSERT INTO properties (title, price, location) VALUES ('another', 1, 'elsewhere')", "COMMIT")
				last := changes[len(changes)-3:]
				if last[0].Op != property.OpDelete || last[1].Op != property.OpInsert || last[1].Version <= last[0].Version {
					t.Errorf("recorded are %s version %d and %s version %d", last[0].Op, last[0].Version, last[1].Op, last[1].Version)
				}
				if found, err := db.Repository().Find(t.Context(), p.ID); err != nil || found.Version != last[1].Version {
					t.Errorf("the listing has version %d, error %v", found.Version, err)
				}
				if last[2].Version != 1 {
					t.Errorf("another listing begins at version %d", last[2].Version)
				}
			})
		}
	}
}

func TestAChangeThatCannotBeReadIsAReset(t *testing.T) {
	const insert = "INSERT INTO properties (title, location, price, latitude, longitude, photos, created_at) VALUES ('a', 'b', "
	for name, values := range map[string]string{
		"a price that is no number":    "'NaN', 1, 1, '[]', now())",
		"a latitude that is no number": "1, 'NaN', 1, '[]', now())",
		"an infinite longitude":        "1, 1, 'Infinity', '[]', now())",
		"photos that are no array":     "1, 1, 1, '{}', now())",
		"photos that are no texts":     "1, 1, 1, '[1]', now())",
		"a year of six digits":         "1, 1, 1, '[]', '200000-01-01')",
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			byHand(t, db.Writer(), `DO $$ DECLARE c record; BEGIN
				FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'properties'::regclass AND contype = 'c' LOOP
					EXECUTE format('ALTER TABLE properties DROP CONSTRAINT %I', c.conname);
				END LOOP; END $$`)
			cursor := head(t, db)
			byHand(t, db.Writer(), insert+values, "DELETE FROM properties")
			p := store(t, db, listing(t, 1))
			page, err := db.Feed().Changes(t.Context(), cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(page.Changes); n != 3 || page.Changes[0].Op != property.OpReset || page.Changes[2].ID != p.ID {
				t.Errorf("recorded are %+v", page.Changes)
			}
		})
	}
}

func TestAChangeOfAnUnknownKindIsAReset(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		cursor := head(t, db)
		if !db.IsPostgres() {
			byHand(t, db.Writer(), "PRAGMA ignore_check_constraints = ON")
		}
		byHand(t, db.Writer(), "INSERT INTO property_changes (op) VALUES ('replace')",
			"INSERT INTO property_changes (op, version) VALUES ('insert', 1)")
		page, err := db.Feed().Changes(t.Context(), cursor, 10)
		if err != nil || len(page.Changes) != 2 || page.Changes[0].Op != property.OpReset || page.Changes[1].Op != property.OpReset {
			t.Errorf("the feed brings %+v, error %v", page.Changes, err)
		}
	})
}
