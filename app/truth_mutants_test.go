//go:build unix

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutantsWanted has the guarding rules taken out one by one; that takes minutes. The variable is no setting of the program.
var _, mutantsWanted = takeVariable("GABLE_MUTANTS")

// mutant is the program without one of the rules that keep its caches true, and the tests that must notice.
type mutant struct {
	rule     string
	file     string // from the top of the module
	old, new string // old stands in the file exactly once
	pkg, run string
}

const (
	freshnessPkg = "./domain/freshness"
	propertyPkg  = "./domain/property"
	cachedPkg    = "./adapters/cached"
	viewPkg      = "./adapters/web/viewcache"
	storePkg     = "./adapters/bunstore"
	appPkg       = "./app"
)

var mutants = []mutant{
	{
		"a listing's newest state is that of the highest version",
		"domain/freshness/ledger.go", "if c.Version >= newest.version {", "if true {", freshnessPkg, ".",
	},
	{
		"a change that is known already counts once",
		"domain/freshness/ledger.go", "	return known\n", "	return known && false\n", freshnessPkg, ".",
	},
	{
		"after a reset nothing kept before is judged",
		"domain/freshness/ledger.go", "l.tail = l.head.Load() + 1", "l.tail = l.head.Load()", freshnessPkg, ".",
	},
	{
		"what has been forgotten is remembered as a number",
		"domain/freshness/ledger.go", "	l.forgotten = max(l.forgotten, order(c))\n	*slot", "	*slot", freshnessPkg, ".",
	},
	{
		"an own change that the feed has brought already is old news",
		"domain/freshness/ledger.go", "case reached.Sees(order(c)):", "case reached.Sees(order(c)) && false:", freshnessPkg, ".",
	},
	{
		"silence is loss: a ledger that was not confirmed vouches for nothing",
		"domain/freshness/ledger.go", "age <= tolerance &&", "age >= 0 &&", freshnessPkg, ".",
	},
	{
		"a poll that began before a doubt confirms nothing",
		"domain/freshness/ledger.go", "&& !confirmed.Before(*l.doubted.Load())", "&& true", freshnessPkg, ".",
	},
	{
		"an answer older than all that is remembered is unknown",
		"domain/freshness/check.go", "	if at < l.tail {\n		return Unknown", "	if at < l.tail {\n		return Fresh", freshnessPkg, ".",
	},
	{
		"a page is touched by what belongs on it",
		"domain/freshness/check.go", "return d.window.Touches(&r.change)", "return false", freshnessPkg, ".",
	},
	{
		"a count is touched by what enters or leaves",
		"domain/freshness/check.go", "r.blind || d.count.AffectsCount(&r.change)", "r.blind", freshnessPkg, ".",
	},
	{
		"or by an own change of what others changed before",
		"domain/freshness/check.go", "r.blind || ", "", freshnessPkg, ".",
	},
	{
		"a subtransaction is over when its transaction is",
		"domain/freshness/ledger.go", "c.BeforeTx < reached.Xmin", "reached.Sees(c.BeforeTx)", freshnessPkg, ".",
	},
	{
		"a write tells whose state it has replaced",
		"adapters/bunstore/write_postgres.go", "change.BeforeTx, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)\n	return change, nil\n}\n\nfunc (d postgresDialect) remove",
		"_, change.Epoch = wholeXid(beforeXid, tx), d.epochOf(started)\n	return change, nil\n}\n\nfunc (d postgresDialect) remove", appPkg, "TestACountHas",
	},
	{
		"a write tells of which epoch it is",
		"adapters/bunstore/write_postgres.go", "last != nil && last.started == started", "last != nil", storePkg, "TestARestart",
	},
	{
		"an own write in another epoch is noticed",
		"domain/freshness/ledger.go", "		strange = strange || other\n", "", freshnessPkg, ".",
	},
	{
		"and is a doubt until the feed has come there",
		"app/wiring.go", "ledger.Doubt(time.Now())", "_ = time.Now()", appPkg, "TestAnOwnWriteIn",
	},
	{
		"its token names no transaction",
		"adapters/web/viewcache/wishes.go", "(wrote.Epoch == \"\" || wrote.Epoch == place.Epoch)", "true", viewPkg, ".",
	},
	{
		"in an outage the query cache gives nothing older than is tolerated",
		"adapters/cached/outage.go", "reading.Tolerance); ok {", "reading.Tolerance); ok || true {", cachedPkg, ".",
	},
	{
		"nor does the view cache",
		"adapters/web/viewcache/cache.go", "	if !ok {\n		return nil, 0", "	if !ok && false {\n		return nil, 0", viewPkg, ".",
	},
	{
		"a kept absence is touched by any change of its listing",
		"domain/freshness/check.go", "return l.latest[d.item].position > at", "return l.latest[d.item].position > at+1", freshnessPkg, ".",
	},
	{
		"places of another history mean nothing",
		"domain/freshness/place.go", "p.Epoch != l.base.Epoch || ", "", freshnessPkg, ".",
	},
	{
		"what an answer may have missed must not have been forgotten",
		"domain/freshness/place.go", "l.forgotten >= p.Snapshot.Xmin || ", "", freshnessPkg, ".",
	},
	{
		"an answer from before following began cannot be judged",
		"domain/freshness/place.go", " || !p.Snapshot.Covers(l.base.Snapshot)", "", freshnessPkg, ".",
	},
	{
		"a transaction in flight is not seen",
		"domain/freshness/snapshot.go", "return !inFlight", "return !inFlight || true", freshnessPkg, ".",
	},
	{
		"a token is met where its writes are seen",
		"domain/freshness/token.go", "return !p.Snapshot.Sees(tx) })", "return false })", freshnessPkg, ".",
	},
	{
		"a record answers its own question only",
		"adapters/cached/record.go", "r.Key != key || ", "", cachedPkg, ".",
	},
	{
		"a position means something to its writer only",
		"adapters/cached/read.go", "if rec.Writer == r.identity {", "if true {", cachedPkg, ".",
	},
	{
		"a shared load that began before this read is judged",
		"adapters/cached/read.go", "rec.position() >= arrived {", "rec.position() >= arrived || true {", cachedPkg, ".",
	},
	{
		"the store is asked while the feed is not confirmed",
		"adapters/cached/read.go", "case !r.ledger.Trusted(time.Now()):", "case false:", cachedPkg, ".",
	},
	{
		"place and position are taken before the load",
		"adapters/cached/read.go", "	r.store(ctx, cacheKey(rec.Epoch, q.key), rec)\n",
		"	rec.Position = uint64(r.ledger.Position())\n	rec.setPlace(r.ledger.Place())\n	r.store(ctx, cacheKey(rec.Epoch, q.key), rec)\n", cachedPkg, ".",
	},
	{
		"a transaction that commits late is told, whatever was told before",
		"adapters/bunstore/feed_postgres.go", "WHERE tx >= pg_snapshot_xmin($1::pg_snapshot)", "WHERE seq > $2", storePkg, "Feed|Order|Commit",
	},
	{
		"so it is in the midst of a stretch that is told in pages",
		"adapters/bunstore/feed_postgres.go", "WHERE (NOT pg_visible_in_snapshot(tx, ?0::pg_snapshot) OR seq > ?1)", "WHERE (seq > ?1)", storePkg, "Feed|Order|Commit",
	},
	{
		"a transaction whose number a crash has given anew is told",
		"adapters/bunstore/feed_postgres.go", "WHERE seq > $2 AND", "WHERE false AND", storePkg, "TestAChangeIsToldWhoseNumber",
	},
	{
		"whoever was told what the feed has not brought is not shown less",
		"adapters/web/viewcache/wishes.go", "c.ledger.Doubt(time.Now())", "time.Now()", viewPkg, ".",
	},
	{
		"the ledger is confirmed to when the reading began",
		"app/follower.go", "f.ledger.Confirm(f.began)", "f.ledger.Confirm(time.Now().Add(time.Hour))", appPkg, "TestAProcessThatWasFrozen",
	},
	{
		"a view is served while the feed is confirmed",
		"adapters/web/viewcache/cache.go", "if !ok || !c.ledger.Trusted(time.Now()) {", "if !ok {", appPkg, "TestAProcessThatWasFrozen",
	},
	{
		"a view's position is taken before its load",
		"adapters/web/viewcache/http.go", "	v, stored := c.Keep(key, answer, at, load)", "	v, stored := c.Keep(key, answer, c.Position(), load)", appPkg,
		"TestALateFill",
	},
	{
		"what a token names is waited for",
		"adapters/web/viewcache/wishes.go", "case w.latest, behind:", "case w.latest, behind && false:", appPkg, "TestATokenCarries",
	},
	{
		"the latest state is waited for",
		"adapters/web/viewcache/wishes.go", "case w.latest, behind:", "case behind:", appPkg, "TestLinearizable",
	},
}

// Every rule is needed: without it some test fails. A rule whose text has changed has to be found again.
func TestNoGuardingRuleCanBeTakenOutUnnoticed(t *testing.T) {
	if !mutantsWanted {
		t.Skip("set GABLE_MUTANTS=1: it builds the tests once for each of the rules")
	}
	top, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		t.Run(m.rule, func(t *testing.T) {
			if testing.Short() && m.pkg == appPkg {
				t.Skip("builds and runs the whole program")
			}
			out, err := m.test(t, top)
			switch {
			case err == nil:
				t.Errorf("without the rule all is well:\n%s", out)
			case !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic: "):
				t.Errorf("the tests did not run:\n%s", out)
			}
		})
	}
}

// The list of rules must not fall behind the code.
func TestEveryGuardingRuleStandsInTheCode(t *testing.T) {
	for _, m := range mutants {
		m.source(t, "..")
	}
}

// source is the file that has the rule, once.
func (m mutant) source(t *testing.T, top string) (original, source string) {
	t.Helper()
	original = filepath.Join(top, filepath.FromSlash(m.file))
	b, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), m.old); n != 1 {
		t.Fatalf("%s: %s has %d times %q", m.rule, m.file, n, m.old)
	}
	return original, string(b)
}

// test runs the tests without the rule. The error is nil when they pass.
func (m mutant) test(t *testing.T, top string) (output string, err error) {
	t.Helper()
	original, source := m.source(t, top)
	folder := t.TempDir()
	changed, overlay := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.WriteFile(changed, []byte(strings.Replace(source, m.old, m.new, 1)), 0o600))
	must(t, os.WriteFile(overlay, replace, 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", overlay, "-count=1", "-run", m.run, m.pkg)
	cmd.Dir = top
	out, err := cmd.CombinedOutput()
	return string(out), err
}
