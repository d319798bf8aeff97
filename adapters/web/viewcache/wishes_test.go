package viewcache

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

func TestTheHeadersSayHowFreshAnAnswerHasToBe(t *testing.T) {
	for header, want := range map[string]wishes{
		"no-store":                    {uncached: true},
		"no-cache":                    {latest: true},
		"NO-CACHE":                    {latest: true},
		"max-age=0":                   {latest: true}, // a browser's reload
		`max-age="0"`:                 {latest: true},
		"max-age=60":                  {},
		"only-if-cached":              {onlyKept: true},
		"only-if-cached, no-cache":    {onlyKept: true, latest: true},
		"max-stale=60":                {tolerant: true, maxStale: time.Minute},
		"max-stale":                   {tolerant: true, maxStale: time.Duration(math.MaxInt64)},
		"max-stale=soon":              {},
		"no-transform, something=new": {},
	} {
		got, err := wishesOf(&http.Request{Header: http.Header{"Cache-Control": {header}}})
		if err != nil || got != want {
			t.Errorf("%q asks for %+v, %v; want %+v", header, got, err, want)
		}
	}
}

// away is the feed of a database that cannot be reached any more.
type away struct{}

func (away) CatchUp(context.Context) error { return ports.ErrUnavailable }

func (away) Now(context.Context) (freshness.Place, error) {
	return freshness.Place{}, ports.ErrUnavailable
}

// The write is done, so its writer has to be told what the next read must not undo, also when the database went away just
// after it.
func TestAWriteHasATokenAlsoWhenNobodyCanSayWhereTheDatabaseIs(t *testing.T) {
	here := freshness.Place{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}}
	elsewhere := freshness.Token{Seen: freshness.Place{Epoch: "elsewhere"}}
	for name, c := range map[string]struct {
		given string
		wrote ports.Writing
		exact bool
	}{
		"one change":                             {"", ports.Writing{Tx: 12, Changes: 1}, true},
		"one change, in this epoch":              {"", ports.Writing{Tx: 12, Epoch: "here", Changes: 1}, true},
		"one change, in another epoch":           {"", ports.Writing{Tx: 12, Epoch: "elsewhere", Changes: 1}, false},
		"one change, after another epoch":        {elsewhere.String(), ports.Writing{Tx: 12, Changes: 1}, false},
		"one change, after what cannot be known": {freshness.Present().String(), ports.Writing{Tx: 12, Changes: 1}, false},
		"many changes":                           {"", ports.Writing{Tx: 12, Changes: 2}, false},
		"no change":                              {"", ports.Writing{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := freshness.NewLedger(4, 1<<30, time.Hour)
			ledger.Restart(here, here)
			ledger.Confirm(time.Now())
			views := New(ledger, away{}, &ports.Counters{}, Options{MaxBytes: 1 << 20, TTL: time.Minute, CatchUpTimeout: time.Second})
			defer views.Close()
			r := httptest.NewRequest(http.MethodPatch, "/v1/properties/x", nil)
			if c.given != "" {
				r.Header.Set(TokenHeader, c.given)
			}
			w := httptest.NewRecorder()
			views.GiveWriteToken(w, r.WithContext(ports.WithWriting(r.Context(), &c.wrote)))
			token, err := freshness.ParseToken(w.Header().Get(TokenHeader))
			later := freshness.Place{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 13, Xmax: 13}}
			if err != nil || token.MetBy(here) || token.MetBy(later) != c.exact {
				t.Errorf("the token is %+v, %v", token, err)
			}
			// What was written here is known here. What stood there already may be news to this process.
			if trusted := ledger.Trusted(time.Now()); trusted != (c.wrote.Changes > 0) {
				t.Errorf("the caches are trusted: %t", trusted)
			}
		})
	}
}

// While the database is away a view is given that was true when the ledger was last confirmed, if that is not longer ago
// than the reader tolerates, and nobody has been told more since.
func TestInAnOutageAViewIsGivenToThoseWhoTolerateIt(t *testing.T) {
	ledger := freshness.NewLedger(4, 1<<30, time.Second)
	ledger.Confirm(time.Now())
	views := New(ledger, away{}, &ports.Counters{}, Options{MaxBytes: 1 << 20, TTL: time.Minute, StaleIfError: time.Hour})
	defer views.Close()
	kept := func(context.Context) (Answer, error) {
		return Answer{Body: []byte("{}"), Depends: []freshness.Dependency{freshness.OnItem([16]byte{1})}}, nil
	}
	gone := func(context.Context) (Answer, error) { return Answer{}, ports.ErrUnavailable }
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
		if given != (err == nil) || given != (w.Header().Get("Age") != "") || !given && !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("who asks with %q gets %v, %v", wish, w.Header(), err)
		}
	}
	ledger.Doubt(time.Now())
	if w, err := get(gone, "max-stale"); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("what may lack what somebody was told is given: %v, %v", w.Header(), err)
	}
}
