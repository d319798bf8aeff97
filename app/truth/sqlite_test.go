//go:build unix

package truth

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/gable-listings/gable/app/apptest"
)

// newSQLiteFile starts a cluster of one process over an SQLite file and a cache of its own.
func newSQLiteFile(t *testing.T, path string) (*apptest.Cluster, *apptest.Node) {
	t.Helper()
	c := &apptest.Cluster{T: t, Database: "sqlite:" + path, Entrance: "sqlite:" + path, Cache: "memory:"}
	c.Prepare()
	n := apptest.NewNode(c, "of "+filepath.Base(path), apptest.Plan{})
	n.Restart()
	return c, n
}

// rawSQLite works on a connection of its own to an SQLite file, around the program.
func rawSQLite(t *testing.T, path string, work func(ctx context.Context, conn *sql.Conn) error) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := work(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
}

// finish runs a backup or a restore to its end.
func finish(b *sqlite.Backup, err error) error {
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	if other := b.Finish(); err == nil {
		err = other
	}
	return err
}

// backUp copies a live file, as sqlite3's .backup does; putBack copies it back over a live one, as .restore does.
func backUp(t *testing.T, live, to string) {
	rawSQLite(t, live, func(_ context.Context, conn *sql.Conn) error {
		return conn.Raw(func(driver any) error {
			return finish(driver.(interface {
				NewBackup(uri string) (*sqlite.Backup, error)
			}).NewBackup(to))
		})
	})
}

func putBack(t *testing.T, live, from string) {
	rawSQLite(t, live, func(_ context.Context, conn *sql.Conn) error {
		return conn.Raw(func(driver any) error {
			return finish(driver.(interface {
				NewRestore(uri string) (*sqlite.Backup, error)
			}).NewRestore(from))
		})
	})
}

// copyOver writes the copy's bytes into the live file, whose log has been emptied before.
func copyOver(t *testing.T, live, from string) {
	rawSQLite(t, live, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		return err
	})
	content, err := os.ReadFile(from)
	apptest.Must(t, err)
	apptest.Must(t, os.WriteFile(live, content, 0o600))
}

// replace puts the copy in the live file's place, and removes the log of the old one.
func replace(t *testing.T, live, from string) {
	for _, log := range []string{live + "-wal", live + "-shm"} {
		apptest.Must(t, os.RemoveAll(log))
	}
	apptest.Must(t, os.Rename(from, live))
}

// From the next poll on, a process shows what a process just started on the file shows, or nothing. That holds whether
// the new content of the file has fewer changes than the process has seen, as many, or more.
func TestARestoredSQLiteFileIsNeverMistakenForWhatWasThereBefore(t *testing.T) {
	eachOtherHistory(t, putBack)
}

func TestASQLiteFileCopiedOverAnotherIsNeverMistakenForIt(t *testing.T) {
	eachOtherHistory(t, copyOver)
}

func TestASQLiteFileInThePlaceOfAnotherIsNeverMistakenForIt(t *testing.T) {
	eachOtherHistory(t, replace)
}

func eachOtherHistory(t *testing.T, put func(t *testing.T, live, from string)) {
	for amount, changes := range map[string]int{"fewer changes": 0, "as many changes": 5, "more changes": 40} {
		t.Run(amount, func(t *testing.T) {
			t.Parallel()
			f := newOtherHistory(t, changes)
			put(t, f.live, f.copied)
			f.showsOnlyTheFile(time.Now())
		})
	}
}

// otherHistory is a process over a file, and a copy of the file that has diverged since.
type otherHistory struct {
	*apptest.Node
	live, copied string
	paths        []string
	want         map[string]string // what a process started on the copy shows
}

func newOtherHistory(t *testing.T, changesOfCopy int) *otherHistory {
	t.Helper()
	folder := t.TempDir()
	f := &otherHistory{
		live: filepath.Join(folder, "live.db"), copied: filepath.Join(folder, "copied.db"), want: map[string]string{},
	}
	_, f.Node = newSQLiteFile(t, f.live)
	both, early := f.Create("both", 100), f.Create("early", 200)
	backUp(t, f.live, f.copied)

	f.Patch(both.ID, `{"title":"both live"}`)
	f.Remove(early.ID)
	for i := range 3 {
		f.paths = append(f.paths, apptest.ItemPath(f.Create(fmt.Sprint("live ", i), 300+i).ID))
	}
	f.paths = append(f.paths, apptest.ItemPath(both.ID), apptest.ItemPath(early.ID),
		"/v1/properties?sort=price&count=exact&limit=100", "/v1/properties?q=live",
		"/v1/properties?max_price=250&count=exact")

	_, other := newSQLiteFile(t, f.copied)
	for i := range changesOfCopy {
		other.Patch(early.ID, fmt.Sprintf(`{"title":"early copied","price":%d}`, 200+i))
	}
	for _, path := range f.paths {
		f.want[path] = apptest.Shown(other.Get(path, "Cache-Control", "no-store").Answer)
	}
	other.Stop()
	apptest.Warm(t, []*apptest.Node{f.Node}, f.paths...)
	return f
}

// pollAndAll is how long after a moment the process has polled at the latest, or failed to.
const pollAndAll = 2 * time.Second

// showsOnlyTheFile checks that the process shows what the file has had since the moment. Then it has the process
// write, and checks that no earlier answer comes back.
func (f *otherHistory) showsOnlyTheFile(since time.Time) {
	f.T.Helper()
	apptest.Until(since.Add(pollAndAll))
	choices := [][]string{nil, {"Cache-Control", "no-cache"}, {"Cache-Control", "no-store"}}
	for range 3 {
		for _, path := range f.paths {
			if f.T.Failed() {
				return // the first failure is enough
			}
			for _, headers := range choices {
				r := f.Get(path, headers...)
				status := r.Header.Get("Cache-Status")
				silent := r.Status >= http.StatusInternalServerError || strings.Contains(status, "detail=stale")
				if got := apptest.Shown(r.Answer); got != f.want[path] && !silent {
					f.T.Errorf("%s %q shows %q, the file has %q (%s)", path, headers, got, f.want[path], status)
				}
			}
		}
	}
	if r := f.Get("/readyz"); r.Status != http.StatusOK {
		return // it has noticed, and refuses to work
	}
	for i := range 8 { // its changes get the numbers of the other history's changes
		f.Create(fmt.Sprint("new ", i), 500+i)
		for _, path := range slices.Concat(f.paths, []string{"/v1/properties?q=new&count=exact"}) {
			stored := apptest.Shown(f.Get(path, "Cache-Control", "no-store").Answer)
			for _, headers := range choices[:2] {
				if got := f.Get(path, headers...); apptest.Shown(got.Answer) != stored {
					f.T.Fatalf("after %d changes %s %q shows %q, the database has %q (%s)",
						i+1, path, headers, apptest.Shown(got.Answer), stored, got.Header.Get("Cache-Status"))
				}
			}
		}
	}
}
