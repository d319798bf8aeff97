package bunstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"modernc.org/sqlite"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// These tests put back an SQLite file while it is open, and read the feed.

// byOther runs a statement on the file as another program does, through a connection of its own.
func byOther(t *testing.T, path, statement string) {
	t.Helper()
	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// putBack are the ways to bring another file's content to the path of an open database.
var putBack = map[string]func(t *testing.T, from, to string){
	"restored": func(t *testing.T, from, to string) {
		t.Helper()
		other, err := sql.Open("sqlite", "file:"+to)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Close() }()
		conn, err := other.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		err = conn.Raw(func(driver any) error {
			restore, err := driver.(interface {
				NewRestore(source string) (*sqlite.Backup, error)
			}).NewRestore("file:" + from)
			if err != nil {
				return err
			}
			_, err = restore.Step(-1)
			return errors.Join(err, restore.Finish())
		})
		if err != nil {
			t.Fatal(err)
		}
	},
	"moved into its place": func(t *testing.T, from, to string) {
		t.Helper()
		byOther(t, from, "PRAGMA wal_checkpoint(TRUNCATE)")
		copyTo(t, from, to+".new")
		if err := os.Rename(to+".new", to); err != nil {
			t.Fatal(err)
		}
	},
	"copied over": func(t *testing.T, from, to string) {
		t.Helper()
		byOther(t, from, "PRAGMA wal_checkpoint(TRUNCATE)")
		byOther(t, to, "PRAGMA wal_checkpoint(TRUNCATE)")
		copyTo(t, from, to)
	},
}

// makeCopy copies the open database as it is now.
func makeCopy(t *testing.T, path string) string {
	t.Helper()
	into := filepath.Join(t.TempDir(), "copy.db")
	byOther(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
	copyTo(t, path, into)
	return into
}

func TestAFileThatIsPutBackIsAnotherHistory(t *testing.T) {
	for way, bring := range putBack {
		for name, later := range map[string]struct{ here, there int }{
			"fewer changes":       {here: 3},
			"as many changes":     {here: 3, there: 3},
			"more changes":        {here: 3, there: 7},
			"many more changes":   {here: 3, there: 14},
			"one own write fewer": {here: 1},
		} {
			t.Run(way+" with "+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "gable.db")
				db := open(t, "sqlite:"+path)
				store(t, db, listing(t, 1))
				saved := makeCopy(t, path)
				for n := range later.here {
					store(t, db, listing(t, 10+n))
				}
				cursor, before, err := db.Feed().Head(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				for n := range later.there {
					byOther(t, saved, fmt.Sprintf("INSERT INTO properties (title, price, location) VALUES ('there %d', 1, 'b')", n))
				}
				bring(t, saved, path)
				if page, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
					t.Errorf("the feed goes on with %d changes, error %v", len(page.Changes), err)
				}
				fresh, after, err := db.Feed().Head(t.Context(), 0)
				if err != nil || after.Epoch == before.Epoch {
					t.Fatalf("epoch %q follows epoch %q, error %v", after.Epoch, before.Epoch, err)
				}
				if count, _, err := db.Repository().Count(t.Context(), &property.Filter{}); err != nil ||
					count != int64(1+later.there) {
					t.Errorf("%d listings are found, error %v", count, err)
				}
				stored := store(t, db, listing(t, 99))
				if page, err := db.Feed().Changes(t.Context(), fresh, 10); err != nil || len(page.Changes) != 1 ||
					page.Changes[0].ID != stored.ID {
					t.Errorf("the feed of the file has %+v, error %v", page.Changes, err)
				}
				byOther(t, path, "PRAGMA integrity_check")
			})
		}
	}
}

// SQLite finds a file's log by its path, and would read that of the old file into the new one. The last of many
// connections to the old file has to empty it.
func TestTheLogOfAFileThatIsReplacedIsNotReadIntoTheNewOne(t *testing.T) {
	for name, busy := range map[string]int{
		"all are idle": 0, "one is in use": 1, "all that read are in use": math.MaxInt,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gable.db")
			db := open(t, "sqlite:"+path)
			store(t, db, listing(t, 1))
			saved := makeCopy(t, path)
			for n := range 5 {
				store(t, db, listing(t, 10+n))
			}
			conns := readers(t, db)
			busy = min(busy, len(conns))
			for _, conn := range conns[busy:] {
				_ = conn.Close()
			}
			putBack["moved into its place"](t, saved, path)
			_, _, err := db.Feed().Head(t.Context(), 0)
			if inUse := errors.Is(err, ports.ErrUnavailable); inUse != (busy > 0) {
				t.Errorf("with %d connections in use: %v", busy, err)
			}
			for _, conn := range conns[:busy] {
				_ = conn.Close()
			}
			if count, _, err := db.Repository().Count(t.Context(), &property.Filter{}); err != nil || count != 1 {
				t.Errorf("%d listings are found, error %v", count, err)
			}
			store(t, db, listing(t, 99))
			byOther(t, path, "PRAGMA integrity_check")
		})
	}
}

// readers takes all connections of the pool that reads.
func readers(t *testing.T, db *bunstore.DB) (conns []bun.Conn) {
	t.Helper()
	for range db.Reader().Stats().MaxOpenConnections {
		conn, err := db.Reader().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		conns = append(conns, conn)
	}
	return conns
}

func TestAFileThatComesBackWhileItIsInUseIsServedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	store(t, db, listing(t, 1))
	saved := makeCopy(t, path)
	store(t, db, listing(t, 2))
	conns := readers(t, db)
	for _, move := range [][2]string{{path, path + ".away"}, {saved, path}, {path, saved}, {path + ".away", path}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
		_, _, _ = db.Feed().Head(t.Context(), 0)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	if count, _, err := db.Repository().Count(t.Context(), &property.Filter{}); err != nil || count != 2 {
		t.Errorf("%d listings are found, error %v", count, err)
	}
}

// A write of this process is served at once, even before the next poll of the feed.
func TestAFileThatLacksTheLastOwnWriteIsAnotherHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	p := store(t, db, listing(t, 1))
	saved := makeCopy(t, path)
	cursor, before, err := db.Feed().Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	revised := p
	revised.Title = "Palace"
	if _, err := db.Repository().Update(t.Context(), revised); err != nil {
		t.Fatal(err)
	}
	putBack["moved into its place"](t, saved, path)
	page, err := db.Feed().Changes(t.Context(), cursor, 10)
	if err != nil || page.Point.Epoch == before.Epoch {
		t.Errorf("epoch %q follows epoch %q, error %v", page.Point.Epoch, before.Epoch, err)
	}
}

// writes are the ways to write a listing that is stored under the number 1.
var writes = map[string]func(ctx context.Context, t *testing.T, db *bunstore.DB, p property.Property) error{
	"create": func(ctx context.Context, t *testing.T, db *bunstore.DB, _ property.Property) error {
		t.Helper()
		_, err := db.Repository().Create(ctx, listing(t, 2), nil)
		return err
	},
	"update": func(ctx context.Context, t *testing.T, db *bunstore.DB, p property.Property) error {
		t.Helper()
		p.Title = "Palace"
		_, err := db.Repository().Update(ctx, p)
		return err
	},
	"delete": func(ctx context.Context, t *testing.T, db *bunstore.DB, p property.Property) error {
		t.Helper()
		_, err := db.Repository().Delete(ctx, p.ID, 0)
		return err
	},
	"upsert": func(ctx context.Context, t *testing.T, db *bunstore.DB, _ property.Property) error {
		t.Helper()
		p := listing(t, 3, func(d *property.Details) { d.Reference = "three" })
		_, err := db.Repository().Upsert(ctx, []ports.Incoming{{Property: p}})
		return err
	},
}

// A client that hangs up at the moment of the commit, or readers who use every connection, empty no cache.
func TestAWriteEndsNoHistoryWhenItsCallerHasLeftOrAllReadersAreBusy(t *testing.T) {
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			db := open(t, sqliteFile(t))
			p := store(t, db, listing(t, 1))
			_, before, err := db.Feed().Head(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			readers(t, db)
			ctx, cancel := context.WithCancel(t.Context())
			db.AfterWrite(cancel)
			if err := write(ctx, t, db, p); err != nil {
				t.Fatal(err)
			}
			if _, after, err := db.Feed().Head(t.Context(), 0); err != nil || after.Epoch != before.Epoch {
				t.Errorf("epoch %q follows epoch %q, error %v", after.Epoch, before.Epoch, err)
			}
		})
	}
}

// SQLite considers the pages that connections have cached as valid even after another file is copied over this one.
func TestAFileThatIsCopiedOverIsNoticedThoughItsPagesAreCached(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	store(t, db, listing(t, 1))
	saved := makeCopy(t, path)
	store(t, db, listing(t, 2))
	byOther(t, path, "PRAGMA wal_checkpoint(PASSIVE)") // everything is in the file now, and read from there
	cursor := head(t, db)
	if _, err := db.Feed().Changes(t.Context(), cursor, 10); err != nil {
		t.Fatal(err)
	}
	copyTo(t, saved, path)
	if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Errorf("the feed's error is %v", err)
	}
}

func TestAPruningDoesNotHideThatAFileWasPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	store(t, db, listing(t, 1))
	saved := makeCopy(t, path)
	prune := func(path string) {
		t.Helper()
		other := open(t, "sqlite:"+path)
		if _, err := other.Feed().Prune(t.Context(), birth.AddDate(1000, 0, 0)); err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store(t, db, listing(t, 2))
	prune(path)
	cursor, before, err := db.Feed().Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := db.Feed().Changes(t.Context(), cursor, 10); err != nil || page.Point.Epoch != before.Epoch {
		t.Fatalf("after a pruning the epoch is %q, was %q, error %v", page.Point.Epoch, before.Epoch, err)
	}
	byOther(t, saved, "INSERT INTO properties (title, price, location) VALUES ('there', 1, 'b')")
	prune(saved)
	putBack["moved into its place"](t, saved, path)
	if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
		t.Errorf("the feed's error is %v", err)
	}
}

func TestASchemaThatChangedIsAnotherHistoryOfSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	store(t, db, listing(t, 1))
	cursor, before, err := db.Feed().Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var definition string
	if err := db.Writer().NewRaw("SELECT sql FROM sqlite_schema WHERE name = 'properties_on_update'").
		Scan(t.Context(), &definition); err != nil {
		t.Fatal(err)
	}
	byOther(t, path, "DROP TRIGGER properties_on_update")
	if _, err := db.Feed().Changes(t.Context(), cursor, 10); !errors.Is(err, ports.ErrUnavailable) ||
		!strings.Contains(err.Error(), "not recorded") {
		t.Errorf("without a trigger the feed's error is %v", err)
	}
	byOther(t, path, "UPDATE properties SET price = 2")
	byOther(t, path, definition)
	if page, err := db.Feed().Changes(t.Context(), cursor, 10); err != nil || page.Point.Epoch == before.Epoch {
		t.Errorf("epoch %q follows epoch %q, error %v", page.Point.Epoch, before.Epoch, err)
	}
}

func TestOtherProgramsThatOpenTheFileEndNoHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	store(t, db, listing(t, 1))
	cursor, before, err := db.Feed().Head(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	other := open(t, "sqlite:"+path)
	store(t, other, listing(t, 2))
	byOther(t, path, "UPDATE properties SET price = 2")
	byOther(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
	page, err := db.Feed().Changes(t.Context(), cursor, 10)
	if err != nil || len(page.Changes) != 3 || page.Point.Epoch != before.Epoch {
		t.Errorf("the feed has %d changes of epoch %q after %q, error %v", len(page.Changes), page.Point.Epoch,
			before.Epoch, err)
	}
}

func TestADatabaseFileIsMadeForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	store(t, open(t, "sqlite:"+path), listing(t, 1))
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, error %v", file, info.Mode(), err)
		}
	}
}

func TestADatabaseFileThatIsTakenAwayIsAnOutageAndNotAnEmptyDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gable.db")
	db := open(t, "sqlite:"+path)
	p := store(t, db, listing(t, 1))
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Repository().Find(t.Context(), p.ID); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file was made in its place: %v", err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Repository().Find(t.Context(), p.ID); err != nil {
		t.Errorf("with the file back: %v", err)
	}
}
