//go:build unix

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/app/apptest"
)

const guides = "../../adapters/web/docs/guide/"

var testBlock = regexp.MustCompile("(?ms)^```sh test\n(.*?)^```$")

// What people copy from the README and the guides works. The blocks of a text are run in order, as one script.
func TestCommandsOfTheGuidesRun(t *testing.T) {
	texts, err := filepath.Glob(guides + "*.md")
	apptest.Must(t, err)
	total := 0
	for _, name := range append(texts, "../../README.md") {
		text, err := os.ReadFile(name)
		apptest.Must(t, err)
		blocks := testBlock.FindAllSubmatch(text, -1)
		if total += len(blocks); len(blocks) == 0 {
			continue
		}
		script := []string{"set -euo pipefail", "KEY=$(gable admin create-key test --scope admin)"}
		for _, block := range blocks {
			script = append(script, string(block[1]))
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			database := "sqlite:" + filepath.Join(t.TempDir(), "gable.db")
			n := &apptest.Node{T: t, Name: "of the guide", Settings: []string{
				"GABLE_DATABASE_URL=" + database, "GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0"}}
			n.Start()
			t.Cleanup(n.End)
			someListings(t, database)
			addresses := strings.NewReplacer("http://127.0.0.1:8080", *n.Base.Load(), "http://127.0.0.1:8081", *n.OpsBase.Load())
			commands := addresses.Replace(strings.Join(script, "\n"))
			if out, err := runBash(t, commands, []string{"GABLE_DATABASE_URL=" + database}); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	if total < 10 {
		t.Errorf("only %d blocks were found", total)
	}
}

// someListings imports the first of the demo's listings.
func someListings(t *testing.T, database string) {
	t.Helper()
	packed, err := os.Open("../../configs/samples/king-county.csv.gz")
	apptest.Must(t, err)
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	apptest.Must(t, err)
	all, err := io.ReadAll(z)
	apptest.Must(t, err)
	file := filepath.Join(t.TempDir(), "some.csv")
	apptest.Must(t, os.WriteFile(file, bytes.Join(bytes.SplitAfterN(all, []byte("\n"), 300)[:299], nil), 0o600))
	code, _, stderr := apptest.Gable(t, "import", file, "--mapping", "king-county", "--database-url", database)
	if code != 0 {
		t.Fatal(stderr)
	}
}

// runBash runs a script in bash, with this program on the path as gable.
func runBash(t *testing.T, script string, settings []string, args ...string) (string, error) {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	folder := t.TempDir()
	apptest.Must(t, os.Symlink(apptest.ThisProgram(t), filepath.Join(folder, "gable")))
	apptest.Must(t, os.WriteFile(filepath.Join(folder, "script"), []byte(script), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", append([]string{"script"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(apptest.Environment(), settings...)
	cmd.Env = append(cmd.Env, "PATH="+folder+":"+os.Getenv("PATH"))
	held, err := cmd.StdinPipe() // the program ends when its standard input does
	apptest.Must(t, err)
	defer held.Close()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestTheMoveToPostgresLosesNothing(t *testing.T) {
	t.Parallel()
	old := apptest.Embedded.Start(t)
	someListings(t, string(old.Config.Database.URL))
	bare := old.Create(
		`"title":"No reference, \"quoted\"","price":0.1,"latitude":47.123456789012345,"longitude":-122.00000000000001`)
	old.Patch(bare.ID, `{"price":0.2}`)
	database, _ := apptest.Services.URLs(t)
	code, out, stderr := apptest.Gable(t, "move", string(old.Config.Database.URL), database)
	if code != 0 || !strings.Contains(out, " listings (digest ") {
		t.Fatalf("%d, %s%s", code, out, stderr)
	}

	moved := apptest.Start(t, database, "memory:")
	for _, path := range []string{"/v1/properties/" + bare.ID, "/v1/properties?limit=500&sort=price", "/v1/exports"} {
		if diff := cmp.Diff(old.Get(path).Body, moved.Get(path).Body); diff != "" {
			t.Errorf("%s differs (-SQLite +Postgres):\n%s", path, diff)
		}
	}
	moved.Do("PATCH", "/v1/properties/"+bare.ID, `{"price":2}`, "Authorization", "Bearer "+old.Key,
		"Content-Type", "application/merge-patch+json").Must(200) // the key of the old database opens the new one
	if got := moved.Get("/v1/properties/" + bare.ID); !strings.Contains(got.Body, `"version":3`) {
		t.Errorf("after another change the listing is %s", got.Body)
	}
}

var metricRow = regexp.MustCompile("(?m)^\\| `(gable_[a-z_]+)` \\|([^|]*)\\|")

func TestTheGuideForOperatorsHasEveryMetric(t *testing.T) {
	s := apptest.Embedded.Start(t)
	s.Get("/v1/properties").Must(200)
	text, err := os.ReadFile(guides + "operations.md")
	apptest.Must(t, err)
	explained := map[string][]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(text), -1) {
		explained[row[1]] = regexp.MustCompile("[a-z]+").FindAllString(row[2], -1)
		slices.Sort(explained[row[1]])
	}
	measured := map[string][]string{}
	for name, labels := range exported(t, s) {
		if !strings.HasPrefix(name, "gable_") {
			continue
		}
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, part)
		}
		measured[name] = nil
		for label := range labels {
			if !slices.Contains([]string{"job", "instance", "le"}, label) {
				measured[name] = append(measured[name], label)
			}
		}
		slices.Sort(measured[name])
	}
	if diff := cmp.Diff(measured, explained); diff != "" {
		t.Errorf("(-exported +guide):\n%s", diff)
	}
}
