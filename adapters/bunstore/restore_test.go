package bunstore_test

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// call is a call that a request makes.
type call func(*testing.T, *bunstore.DB, property.Property) error

func find(t *testing.T, db *bunstore.DB, p property.Property) error {
	_, _, err := db.Repository().Find(t.Context(), p.ID)
	return err
}

func search(t *testing.T, db *bunstore.DB, _ property.Property) error {
	_, _, err := db.Repository().Search(t.Context(), parse(t, "limit=5"))
	return err
}

func update(t *testing.T, db *bunstore.DB, p property.Property) error {
	_, err := db.Repository().Update(t.Context(), p)
	return err
}

func remove(t *testing.T, db *bunstore.DB, p property.Property) error {
	_, err := db.Repository().Delete(t.Context(), p.ID, 0)
	return err
}

func changes(t *testing.T, db *bunstore.DB, _ property.Property) error {
	_, err := db.Feed().Changes(t.Context(), "", 5)
	return err
}

// A restore drops what it restores, and a database out of transaction ids still reads: both states end by themselves.
func TestADatabaseThatIsBeingRestoredOrIsOutOfTransactionIdsIsUnavailable(t *testing.T) {
	const exhausted = `CREATE FUNCTION exhausted() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'out of transaction ids' USING ERRCODE = '54000'; END $$;
		CREATE TRIGGER exhausted BEFORE UPDATE OR DELETE ON properties FOR EACH ROW EXECUTE FUNCTION exhausted()`
	for name, c := range map[string]struct {
		happens, ends string
		refused, fine []call
	}{
		"the listings are gone (42P01)": {
			"ALTER TABLE properties RENAME TO away", "ALTER TABLE away RENAME TO properties",
			[]call{find, search, update, remove, changes}, nil},
		"the changes are gone (42P01)": {
			"ALTER TABLE property_changes RENAME TO away", "ALTER TABLE away RENAME TO property_changes",
			[]call{update, changes}, []call{find, search}},
		"a column is gone (42703)": {
			"ALTER TABLE properties RENAME title TO away", "ALTER TABLE properties RENAME away TO title",
			[]call{find, search, update}, []call{changes}},
		"a function is gone (42883)": {
			"ALTER FUNCTION property_reset_rows() RENAME TO away", "ALTER FUNCTION away() RENAME TO property_reset_rows",
			[]call{update}, []call{find, search, changes}},
		"the schema is gone (42P01)": {"ALTER SCHEMA public RENAME TO away", "ALTER SCHEMA away RENAME TO public",
			[]call{find, search, update, remove, changes}, nil},
		"no transaction ids are left (54000)": {exhausted, "DROP FUNCTION exhausted CASCADE",
			[]call{update, remove}, []call{find, search, changes}},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, template.Postgres(t))
			p := store(t, db, listing(t, 1))
			exec := func(statement string) {
				t.Helper()
				if _, err := db.Writer().Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			exec(c.happens)
			for i, call := range c.refused {
				if err := call(t, db, p); !errors.Is(err, ports.ErrUnavailable) {
					t.Errorf("call %d meanwhile: %v", i, err)
				}
			}
			for i, call := range c.fine {
				if err := call(t, db, p); err != nil {
					t.Errorf("call %d, which needs nothing of that: %v", i, err)
				}
			}
			exec(c.ends)
			for i, call := range append([]call{find, search, update, changes}, remove) {
				if err := call(t, db, p); err != nil {
					t.Errorf("call %d afterwards: %v", i, err)
				}
			}
		})
	}
}

// A reader that holds on to an old state prevents the write-ahead log from being used again; once it has gone the log
// is cut.
func TestTheLogOfAnSQLiteFileIsCutOnceItIsNotNeeded(t *testing.T) {
	url := sqliteFile(t)
	db := open(t, url)
	p := store(t, db, listing(t, 1))
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(strings.TrimPrefix(url, "sqlite:") + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write := func(times int) {
		t.Helper()
		for range times {
			var err error
			p.Description = strings.Repeat("long ", 3900) // without and with a letter more, so that each is a change
			if p.Version%2 == 0 {
				p.Description += "x"
			}
			change, err := db.Repository().Update(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			p = *change.After
		}
	}
	other, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	reader, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var count int
	if err := reader.QueryRow("SELECT count(*) FROM properties").Scan(&count); err != nil {
		t.Fatal(err)
	}
	write(300)
	held := size()
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	write(300)
	if now := size(); held < 12<<20 || now > 8<<20 {
		t.Errorf("the log was %d bytes while it was needed and is %d now", held, now)
	}
}
