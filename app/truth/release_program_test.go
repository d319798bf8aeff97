//go:build unix

package truth

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/migrations"
)

// previousRelease is the commit of the previous release; the next release moves it on.
const previousRelease = "98d1fd1933708f45ba83f097a0b3492c6868428b"

// previousProgram returns the path of the previous release's program. It is built from the history, once on each
// machine. A short run skips the test, and so does a clone that lacks the history.
func previousProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("building the previous release takes a while")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	program := filepath.Join(cache, "gable-test", previousRelease[:12]+"-"+runtime.Version(), "gable")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	source := t.TempDir()
	unpackPrevious(t, source)
	part := program + "." + strconv.Itoa(os.Getpid())
	build := exec.Command("go", "build", "-o", part, "./app")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the previous release: %v\n%s", err, out)
	}
	apptest.Must(t, os.Rename(part, program)) // whole at once: others may be building it, too
	return program
}

// unpackPrevious writes the sources of the previous release into a folder.
func unpackPrevious(t *testing.T, folder string) {
	t.Helper()
	archive := exec.Command("git", "archive", previousRelease)
	archive.Dir = "../.."
	unpack := exec.Command("tar", "-x", "-C", folder)
	var complaint bytes.Buffer
	archive.Stderr = &complaint
	var err error
	if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unpack.Start(), archive.Run(), unpack.Wait()); err != nil {
		missing := "the previous release is not in this clone's history (git fetch --unshallow): " + complaint.String()
		t.Skip(strings.Join(strings.Fields(missing), " "))
	}
}

// A program is named after its newest migration. Two programs of one name with different triggers would each replace
// the triggers of the other.
func TestAReleaseThatChangesTriggersBringsAMigration(t *testing.T) {
	source := t.TempDir()
	unpackPrevious(t, source)
	for database, now := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		before := os.DirFS(filepath.Join(source, "migrations", database))
		then, _ := fs.ReadFile(before, "triggers.sql") // the previous release may have none
		triggers, err := fs.ReadFile(now, "triggers.sql")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(triggers, then) && newestMigration(t, now) == newestMigration(t, before) {
			t.Errorf("%s/triggers.sql has changed since the previous release, without a new migration", database)
		}
	}
}

func newestMigration(t *testing.T, files fs.FS) string {
	t.Helper()
	names, err := fs.Glob(files, "*.up.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, error %v", len(names), err)
	}
	return slices.Max(names)
}

// command runs a command of some build of the program over a database, and returns what it prints on standard output.
func command(program, database string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(apptest.Environment(), "GABLE_DATABASE_URL="+database)
	input, err := cmd.StdinPipe() // this program ends when it does
	if err != nil {
		return "", err
	}
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &out, &complaint, apptest.ChildAttributes()
	if err := cmd.Start(); err != nil {
		return "", err
	}
	_, _ = input.Write([]byte(apptest.Password + "\n")) // only one command reads it
	err = cmd.Wait()
	_ = input.Close()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, out.String(), complaint.String())
	}
	return strings.TrimSpace(out.String()), err
}

func mustCommand(t *testing.T, program, database string, args ...string) string {
	t.Helper()
	out, err := command(program, database, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
