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

// away is the feed of a database that cannot be reached any more.
type away struct{}

func (away) CatchUp(context.Context) error { return ports.ErrUnavailable }

func (away) Now(context.Context) (freshness.Place, error) {
	return freshness.Place{}, ports.ErrUnavailable
}

// While the database is away a view is given that was true when the ledger was last confirmed, if that is not longer ago
// than the reader tolerates, and nobody has been told more since.
func TestInAnOutageAViewIsGivenToThoseWhoTolerateIt(t *testing.T) {
	ledger := freshness.NewLedger(4, 1<<30, time.Second)
	ledger.Confirm(time.Now())
	co := consistency.New(ledger, away{}, consistency.Options{StaleIfError: time.Hour})
	views := New(ledger, co, &cachestat.Counters{}, Options{MaxBytes: 1 << 20, TTL: time.Minute})
	defer views.Close()
	kept := func(context.Context) (Answer, ports.ReadInfo, error) {
		return Answer{Body: []byte("{}"), Depends: []freshness.Dependency{freshness.OnItem([16]byte{1})}}, ports.ReadInfo{}, nil
	}
	gone := func(context.Context) (Answer, ports.ReadInfo, error) {
		return Answer{}, ports.ReadInfo{}, ports.ErrUnavailable
	}
	get := func(load Load, wish string) (*httptest.ResponseRecorder, error) {
		r, w := httptest.NewRequest(http.MethodGet, "/v1/properties/x", nil), httptest.NewRecorder()
		if wish != "" {
			r.Header.Set("Cache-Control", wish)
		}
		return w, views.Serve(w, r, "x", load)
	}
	if _, err := get(kept, ""); err != nil {
		t.Fatal(err)
	}
	ledger.Confirm(time.Now().Add(-30 * time.Minute))
	for wish, given := range map[string]bool{"": true, "max-stale=7200": true, "max-stale=60": false, "no-cache": false} {
		w, err := get(gone, wish)
		if given != (err == nil) || given != (w.Header().Get("Age") != "") || !given &&
			!errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("who asks with %q gets %v, %v", wish, w.Header(), err)
		}
	}
	ledger.Doubt(time.Now())
	if w, err := get(gone, "max-stale"); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("what may lack what somebody was told is given: %v, %v", w.Header(), err)
	}
}
