package viewcache

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// away is the feed of an unreachable database.
type away struct{}

func (away) CatchUp(context.Context) error { return ports.ErrUnavailable }

func (away) Now(context.Context) (freshness.Point, error) {
	return freshness.Point{}, ports.ErrUnavailable
}

// While the database is unreachable, a view is served that was current when the ledger was last confirmed. The reader
// must tolerate its age, and the process may not have served anything newer since.
func TestInAnOutageAViewIsServedToReadersThatTolerateIt(t *testing.T) {
	ledger := freshness.NewLedger(4, 1<<30, time.Second)
	ledger.Confirm(time.Now())
	co := consistency.New(ledger, away{}, consistency.Options{StaleIfError: time.Hour})
	views := New(ledger, co, &cachestat.Counters{}, Options{MaxBytes: 1 << 20, TTL: time.Minute})
	defer views.Close()
	load := func(context.Context) (Answer, ports.ReadInfo, error) {
		depends := []freshness.Dependency{freshness.OnItem([16]byte{1})}
		return Answer{Body: []byte("{}"), Depends: depends}, ports.ReadInfo{}, nil
	}
	gone := func(context.Context) (Answer, ports.ReadInfo, error) {
		return Answer{}, ports.ReadInfo{}, ports.ErrUnavailable
	}
	get := func(load Load, directive string) (*httptest.ResponseRecorder, error) {
		r, w := httptest.NewRequest(http.MethodGet, "/v1/properties/x", nil), httptest.NewRecorder()
		if directive != "" {
			r.Header.Set("Cache-Control", directive)
		}
		return w, views.Serve(w, r, "x", load)
	}
	if _, err := get(load, ""); err != nil {
		t.Fatal(err)
	}
	ledger.Confirm(time.Now().Add(-30 * time.Minute))
	for directive, served := range map[string]bool{
		"": true, "max-stale=7200": true, "max-stale=60": false, "no-cache": false,
	} {
		w, err := get(gone, directive)
		if served != (err == nil) || served != (w.Header().Get("Age") != "") || !served &&
			!errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("with %q the reader gets %v, %v", directive, w.Header(), err)
		}
	}
	ledger.RequirePollAfter(time.Now())
	if w, err := get(gone, "max-stale"); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("a view that may lack a served write is served: %v, %v", w.Header(), err)
	}
}
