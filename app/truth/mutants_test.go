//go:build unix

package truth

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
)

// mutantsWanted asks for the guarding rules to be taken out one by one; that takes minutes. It is not a setting of the
// program.
var _, mutantsWanted = apptest.TakeVariable("GABLE_MUTANTS")

// mutant is the program without one of the rules that guard the caches, and the tests that must notice.
type mutant struct {
	rule     string
	file     string // from the top of the module
	old, new string // old stands in the file exactly once
	pkg, run string
}

// The packages whose tests run, the quick ones first. A short run leaves out what only a test of the whole program
// notices.
const (
	propertyPkg    = "./domain/property"
	freshnessPkg   = "./domain/freshness"
	catalogPkg     = "./app/catalog"
	cachedPkg      = "./adapters/cached"
	redisPkg       = "./adapters/rediscache"
	viewPkg        = "./adapters/web/viewcache"
	consistencyPkg = "./adapters/web/consistency"
	webPkg         = "./adapters/web"
	schemaPkg      = "./migrations"
	storePkg       = "./adapters/bunstore"
	followPkg      = "./app/follow"
	insightPkg     = "./app/insight"
	truthPkg       = "./app/truth"
)

// Every rule is needed: without it some test fails. A rule whose text has changed needs a new quote.
func TestNoGuardingRuleCanBeTakenOutUnnoticed(t *testing.T) {
	if !mutantsWanted {
		t.Skip("set GABLE_MUTANTS=1: it builds the tests once for each of the rules")
	}
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		t.Run(m.rule, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && m.pkg == truthPkg {
				t.Skip("builds and runs the whole program")
			}
			out, err := m.test(t, top)
			switch {
			case err == nil:
				t.Errorf("all tests pass without the rule:\n%s", out)
			case !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic: "):
				t.Errorf("the tests did not run:\n%s", out)
			}
		})
	}
}

// The list of rules must stay in step with the code.
func TestEveryGuardingRuleStandsInTheCode(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.rule, func(t *testing.T) { m.source(t, "../..") })
	}
}

// source returns the path and text of the file that has the rule, once.
func (m mutant) source(t *testing.T, top string) (original, source string) {
	t.Helper()
	original = filepath.Join(top, filepath.FromSlash(m.file))
	b, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), m.old); n != 1 {
		t.Fatalf("%s: %s has the text %d times, want once: %q", m.rule, m.file, n, m.old)
	}
	return original, string(b)
}

// test runs the tests without the rule. The error is nil when they pass.
func (m mutant) test(t *testing.T, top string) (output string, err error) {
	t.Helper()
	original, source := m.source(t, top)
	folder := t.TempDir()
	changed, overlay := filepath.Join(folder, filepath.Base(m.file)), filepath.Join(folder, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Must(t, os.WriteFile(changed, []byte(strings.Replace(source, m.old, m.new, 1)), 0o600))
	apptest.Must(t, os.WriteFile(overlay, replace, 0o600))
	args := []string{"test", "-vet=off", "-overlay", overlay, "-count=1", "-timeout", "2m", "-run", m.run, m.pkg}
	if m.pkg == propertyPkg || m.pkg == freshnessPkg {
		args = append(args, "-rapid.nofailfile") // an intended failure must leave no file beside the tests
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = top
	out, err := cmd.CombinedOutput()
	return string(out), err
}
