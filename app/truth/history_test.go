//go:build unix

package truth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// historyLength is how long the history lasts: the value of GABLE_HISTORY, such as 30m. The variable is not a setting
// of the program, so it is removed from the environment.
var historyLength, historyWanted = apptest.TakeVariable("GABLE_HISTORY")

// Many clients read and write through several processes, and around them, while everything that can fail does. Every
// answer is compared with what was committed and acknowledged: every reader gets what it was promised. In the end,
// when everything is intact again, all processes agree.
func TestHistory(t *testing.T) {
	length, processes := 10*time.Second, 2
	if testing.Short() {
		length = 5 * time.Second
	}
	if historyWanted {
		var err error
		if length, err = time.ParseDuration(historyLength); err != nil {
			t.Fatal(err)
		}
		processes = 3
	}
	seed := uint64(time.Now().UnixNano())
	if fixed, err := strconv.ParseUint(os.Getenv("GABLE_TEST_SEED"), 10, 64); err == nil {
		seed = fixed
	}
	c := apptest.NewCluster(t, apptest.Plan{Nodes: processes, OwnPostgres: true, OwnRedis: true, Links: true,
		Settings: []string{
			"GABLE_DATABASE_QUERY_TIMEOUT=1s", "GABLE_FRESHNESS_VERIFY_INTERVAL=20ms",
		}})
	h := newHistory(c)
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	defer func() { t.Logf("seed %d, %d processes\n%s", seed, processes, h.report(h.now())) }()
	crowd := h.crowd(ctx, seed)
	crowd.Go(func() { h.logProgress(ctx) })
	h.injure(ctx, rand.New(rand.NewPCG(seed, 0)), max(shortestRest, length/60))
	crowd.Wait()
	h.finished = h.now()
	h.converge()
	for _, n := range h.Nodes {
		t.Logf("process %s has verified %.0f of its answers as right, and %.0f as wrong, since its last start",
			n.Name, n.Sum("gable_verifier_verified_total"), n.Sum("gable_verifier_violations_total"))
	}
	if h.violated > 0 {
		t.Errorf("%d violations; the report lists them", h.violated)
	}
	if h.total() < int64(length.Seconds())*20 {
		t.Errorf("only %d reads were checked", h.total())
	}
}

// logProgress logs once a minute how far the history has come.
func (h *history) logProgress(ctx context.Context) {
	minutes := time.NewTicker(time.Minute)
	defer minutes.Stop()
	for {
		before := h.total()
		select {
		case <-ctx.Done():
			return
		case <-minutes.C:
			h.T.Logf("%s: %d reads checked, %.0f/s in the last minute", h.now().Round(time.Second), h.total(),
				float64(h.total()-before)/60)
		}
	}
}

// converge waits until everything is intact, and then checks that every process agrees with the database as soon as
// promised.
func (h *history) converge() {
	for _, n := range h.Nodes {
		n.Settle()
		tryConnections(n)
	}
	healed := time.Now()
	want := h.stored()
	for _, n := range h.Nodes {
		for i, id := range h.ids {
			n.Shows(healed, apptest.MaxStaleness, apptest.ItemPath(id), want[i])
		}
		for low := 0; low < historyBands*bandWidth; low += bandWidth {
			n.Shows(healed, apptest.MaxStaleness,
				fmt.Sprintf("/v1/properties?min_price=%d&max_price=%d&limit=500&count=exact&fields=price", low, low+bandWidth-1),
				h.storedCount(low, low+bandWidth-1))
		}
		for i, id := range h.ids {
			if got := n.Get(apptest.ItemPath(id), "Cache-Control", "no-cache"); apptest.Shown(got.Answer) != want[i] {
				h.T.Errorf("process %s asked without a cache shows %q, the database has %q", n.Name, apptest.Shown(got.Answer),
					want[i])
			}
		}
	}
}

// tryConnections uses every connection that the process has to the database, so that those from before an outage end.
func tryConnections(n *apptest.Node) {
	const connections = 16
	var all sync.WaitGroup
	for range 2 * connections {
		all.Go(func() { _, _ = n.Try(http.MethodGet, "/v1/properties?sort=price", "", "Cache-Control", "no-store") })
	}
	all.Wait()
}

// stored returns what the database has, as items show it.
func (h *history) stored() []string {
	h.T.Helper()
	want := make([]string, len(h.ids))
	for i := range want {
		want[i] = "absent"
	}
	rows, err := h.Sql.Query(h.T.Context(), "SELECT id::text, title || ' ' || price || ' v' || version FROM properties")
	if err != nil {
		h.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			h.T.Fatal(err)
		}
		if i, ours := h.index[id]; ours {
			want[i] = text
		}
	}
	if err := rows.Err(); err != nil {
		h.T.Fatal(err)
	}
	return want
}

// storedCount returns what a page of a band shows without titles: blanks between listings, and the count.
func (h *history) storedCount(low, high int) string {
	h.T.Helper()
	var n int
	if err := h.Sql.QueryRow(h.T.Context(), "SELECT count(*) FROM properties WHERE price BETWEEN $1 AND $2", low, high).
		Scan(&n); err != nil {
		h.T.Fatal(err)
	}
	blanks := make([]byte, max(0, n-1))
	for i := range blanks {
		blanks[i] = ' '
	}
	return fmt.Sprintf("%s (%d)", blanks, n)
}
