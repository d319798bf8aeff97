package site

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports/cachestat"
)

// fixedLevel is a level with fixed counters.
type fixedLevel struct{ *cachestat.Counters }

func (fixedLevel) Size(context.Context) (entries, bytes int64) { return 0, 0 }
func (fixedLevel) Purge(context.Context) error                 { return nil }

// countReads returns a level with 1 read of the first outcome, 2 of the second, and so on, times the factor.
func countReads(factor int) fixedLevel {
	c := new(cachestat.Counters)
	for i, o := range []cachestat.Outcome{
		cachestat.OutcomeHit, cachestat.OutcomePatched, cachestat.OutcomeCoalesced, cachestat.OutcomeStale,
		cachestat.OutcomeMiss, cachestat.OutcomeBypassed, cachestat.OutcomeStaleIfError,
	} {
		for range (i + 1) * factor {
			c.Count(o)
		}
	}
	return fixedLevel{c}
}

type noTrend struct{}

func (noTrend) Since(time.Time) []Sample { return nil }

func TestTheCachePageShowsReadsByOutcome(t *testing.T) {
	pages, err := newPages("", "/assets/")
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{Options: Options{ViewLevel: countReads(1), QueryLevel: countReads(1_000), Trend: noTrend{}}, pages: pages}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, cachePath, nil)
	if err := s.cache(exchange.New(w, "an id"), r, access.Account{Name: "boss"}); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(w.Body.String(), `<dl class="figures">`)
	got, _, _ = strings.Cut(got, "</dl>")
	const want = `
<div class="figure"><dt>Answered without the database</dt><dd><span class="big">40.0 %</span><br>` +
		`<span class="quiet">6,006 hits, 9,000 misses, which asked the database</span></dd></div>
<div class="figure"><dt>Finished pages</dt><dd><span class="big">40.0 %</span><br>` +
		`<span class="quiet">1 still true, 2 brought up to date, 4 outdated, 5 not cached</span></dd></div>
<div class="figure"><dt>Answers of the database</dt><dd><span class="big">40.0 %</span><br>` +
		`<span class="quiet">1,000 still true, 2,000 brought up to date, 4,000 outdated, 5,000 not cached</span></dd></div>
<div class="figure"><dt>Checked by the verifier</dt><dd><span class="big">0 wrong</span><br>` +
		`<span class="quiet">0 cached answers were compared with the database and right</span></dd></div>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
