package bunstore_test

import (
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
)

// changesAfter returns the changes that statements in a session of their own record.
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
	`INSERT INTO properties
		(id, title, price, location, bathrooms, area_m2, latitude, longitude, photos, created_at) VALUES
		('11111111-1111-4111-8111-111111111111', E'\\ ''"é', 1234.5, 'Lyon', 2.25, 81.07, 45.123456789012344, 1e-7 / 3,
		'["https://a.b/c"]', '2001-02-03 04:05:06.789012+09')`,
	"UPDATE properties SET price = 999999999999.99, latitude = -0.1 * 3, longitude = 179.99999999999997",
	"DELETE FROM properties",
}

// whatIsRecorded returns the changes without what differs from run to run.
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

// sessionSettings returns statements that set all that a session can set of how the server reads and writes values,
// plans and fires triggers. Each setting gets each of its values, or both its ends.
func sessionSettings(t *testing.T, db *bun.DB) (statements []string) {
	t.Helper()
	var settings []struct {
		Name, Vartype, Min, Max string
		Enumvals                []string `bun:",array"`
	}
	err := db.NewRaw(`SELECT name, vartype, coalesce(min_val, '') AS min, coalesce(max_val, '') AS max, enumvals
		FROM pg_settings
		WHERE context IN ('user', 'superuser') AND category
			~ '^(Client Connection|Version and Platform|Query Tuning|Error Handling)'
			AND name !~ 'timeout|read_only|default_t(able|ablespace)|_preload|local_preload|temp_tablespaces'
			AND name !~ 'gin_fuzzy|search_path|client_encoding|_file|dynamic|lc_messages|role'
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
	for _, latitude := range append(
		[]float64{5e-324, -2.2250738585072014e-308, 1.0 / 3, 89.99999999999999, -90, math.Copysign(0, -1)},
		random.NormFloat64(), random.Float64()*90, random.Float64()*1e-9, math.Nextafter(45, 46), math.Nextafter(1, 0)) {
		changes := changesAfter(t, db, []string{"SET extra_float_digits = -15"}, fmt.Sprintf(
			"INSERT INTO properties (title, price, location, latitude, longitude) "+
				"VALUES ('a', 1, 'b', '%v'::float8, '%v'::float8)", latitude, latitude*2))
		at := changes[0].After.Coordinates.Value
		if at.Latitude != latitude || at.Longitude != latitude*2 {
			t.Errorf("%v, %v is recorded as %v, %v", latitude, latitude*2, at.Latitude, at.Longitude)
		}
		found, _, err := db.Repository().Find(t.Context(), changes[0].ID)
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
	if changes := changesAfter(t, db, role, "TRUNCATE properties"); len(changes) != 1 ||
		changes[0].Op != property.OpReset {
		t.Errorf("of a truncation is recorded %+v", changes)
	}
}

// The worker of a subscription fires no statement triggers, whatever their state.
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
		"CREATE SUBSCRIPTION listings CONNECTION '%s' PUBLICATION listings "+
			"WITH (create_slot = false, slot_name = 'listings')",
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
			if c := page.Changes[0]; len(page.Changes) > 1 || c.Op != op || c.ID != p.ID && op != property.OpReset ||
				c.Version != version {
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

// One statement deletes and inserts an id whose versions are not recorded, or not recorded any more.
func TestAnIDThatOneStatementDeletesAndInsertsGoesOnAtAHigherVersion(t *testing.T) {
	const again = `WITH gone AS (DELETE FROM properties RETURNING *)
		INSERT INTO properties (id, title, price, location) SELECT id, title, price, location FROM gone`
	for name, before := range map[string][]string{
		"recorded as resets": {
			"SET gable.reset_rows = 0", "UPDATE properties SET price = 2", "UPDATE properties SET price = 3",
			"RESET gable.reset_rows",
		},
		"pruned":              {"UPDATE properties SET price = 2", "DELETE FROM property_changes"},
		"recorded":            {"UPDATE properties SET price = 2"},
		"deleted once before": {"UPDATE properties SET price = 2", again},
	} {
		for way, statement := range map[string]string{
			"": again, " in the role of a replica": again, " in a function": "SELECT reborn()",
			" behind a comment": "/* */ " + again, " with a DELETE before": "DELETE FROM properties WHERE false; " + again,
		} {
			t.Run(name+way, func(t *testing.T) {
				db := open(t, template.Postgres(t))
				p := store(t, db, listing(t, 1))
				byHand(t, db.Writer(), "CREATE FUNCTION reborn() RETURNS void LANGUAGE sql AS $$"+again+"$$")
				settings := before
				if strings.Contains(way, "replica") {
					settings = append([]string{"SET session_replication_role = replica"}, before...)
				}
				changes := changesAfter(t, db, settings, "BEGIN", statement,
					"INSERT INTO properties (title, price, location) VALUES ('another', 1, 'elsewhere')", "COMMIT")
				last := changes[len(changes)-3:]
				if last[0].Op != property.OpDelete || last[1].Op != property.OpInsert || last[1].Version <= last[0].Version {
					t.Errorf("recorded are %s version %d and %s version %d", last[0].Op, last[0].Version, last[1].Op, last[1].Version)
				}
				if found, _, err := db.Repository().Find(t.Context(), p.ID); err != nil || found.Version != last[1].Version {
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
	const insert = "INSERT INTO properties (title, location, price, latitude, longitude, photos, created_at) " +
		"VALUES ('a', 'b', "
	for name, values := range map[string]string{
		"a price that is not a number":    "'NaN', 1, 1, '[]', now())",
		"a latitude that is not a number": "1, 'NaN', 1, '[]', now())",
		"an infinite longitude":           "1, 1, 'Infinity', '[]', now())",
		"photos that are not an array":    "1, 1, 1, '{}', now())",
		"photos that are not texts":       "1, 1, 1, '[1]', now())",
		"a year of six digits":            "1, 1, 1, '[]', '200000-01-01')",
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
		if err != nil || len(page.Changes) != 2 || page.Changes[0].Op != property.OpReset ||
			page.Changes[1].Op != property.OpReset {
			t.Errorf("the feed has %+v, error %v", page.Changes, err)
		}
	})
}
