package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// fixedLevel is a level with constant counters.
type fixedLevel struct {
	*cachestat.Counters
	entries, bytes int64
}

func (l fixedLevel) Size(context.Context) (entries, bytes int64) { return l.entries, l.bytes }
func (fixedLevel) Purge(context.Context) error                   { return nil }

type fixedLedger struct{}

func (fixedLedger) Figures() freshness.Figures {
	return freshness.Figures{Position: 12, Length: 10, Capacity: 100}
}

// counted returns counters with 1 read of the first outcome, 2 of the second, and so on, times the factor.
func counted(factor int) *cachestat.Counters {
	c := new(cachestat.Counters)
	for i, o := range []cachestat.Outcome{
		cachestat.OutcomeHit, cachestat.OutcomePatched, cachestat.OutcomeCoalesced, cachestat.OutcomeStale,
		cachestat.OutcomeMiss, cachestat.OutcomeBypassed, cachestat.OutcomeStaleIfError,
	} {
		for range (i + 1) * factor {
			c.Count(o)
		}
	}
	for range 8 * factor {
		c.CountError()
	}
	return c
}

func TestFiguresKeepTheirShape(t *testing.T) {
	router := mux.NewRouter()
	api.New(api.Options{
		ViewLevel: fixedLevel{counted(1), 9, 10_000}, QueryLevel: fixedLevel{counted(2), -1, -1}, Ledger: fixedLedger{},
	}).Register(router)
	for path, want := range map[string]string{
		"/v1/cache": `{"levels":{"view":{"hits":1,"patched":2,"coalesced":3,"stale":4,"misses":5,"bypassed":6,` +
			`"unconfirmed":7,"errors":8,"entries":9,"bytes":10000,"hit_ratio":0.4},` +
			`"query":{"hits":2,"patched":4,"coalesced":6,"stale":8,"misses":10,"bypassed":12,` +
			`"unconfirmed":14,"errors":16,"entries":-1,"bytes":-1,"hit_ratio":0.4}},` +
			`"ledger":{"position":12,"length":10,"capacity":100}}` + "\n",
		"/properties/cache-metrics/": `{"metrics":{"keyspace_hits":18,"keyspace_misses":18,"total_requests":36,` +
			`"hit_ratio":0.5}}` + "\n",
	} {
		w := httptest.NewRecorder()
		router.ServeHTTP(exchange.New(w, "an id"), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if got := w.Body.String(); w.Code != http.StatusOK || got != want {
			t.Errorf("GET %s: %d\n%s\nwant\n%s", path, w.Code, got, want)
		}
	}
}
