package viewcache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// answering is a view cache in front of a handler that answers about one listing: "answer 1", "answer 2", and so on.
type answering struct {
	*Cache
	t       *testing.T
	ledger  *freshness.Ledger
	feed    *halfFeed
	loads   int
	asked   ports.ReadOptions             // of the last load
	info    ports.ReadInfo                // of each load
	outcome func(context.Context) error   // of each load; nil: all is well
	depends func() []freshness.Dependency // of each answer
}

// halfFeed is a feed of which either half can fail.
type halfFeed struct {
	catchUp, now error
	place        freshness.Point
}

func (f *halfFeed) CatchUp(context.Context) error { return f.catchUp }

func (f *halfFeed) Now(context.Context) (freshness.Point, error) { return f.place, f.now }

func newAnswering(t *testing.T) *answering {
	place := freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}}
	a := &answering{t: t, ledger: freshness.NewLedger(9, 1<<30, time.Hour), feed: &halfFeed{place: place}}
	a.ledger.Restart(place, place)
	a.ledger.Confirm(time.Now())
	a.depends = func() []freshness.Dependency { return []freshness.Dependency{freshness.OnItem(property.ID{1})} }
	co := consistency.New(a.ledger, a.feed, consistency.Options{StaleIfError: 24 * time.Hour, CatchUpTimeout: time.Second})
	a.Cache = New(a.ledger, co, &cachestat.Counters{}, Options{MaxBytes: 1 << 20, TTL: time.Minute})
	t.Cleanup(a.Close)
	return a
}

// parsed returns the exchange for a request as the outermost handler makes it.
func parsed(w http.ResponseWriter, r *http.Request) *exchange.Exchange {
	e := exchange.New(w, "")
	e.Directives = consistency.Parse(r.Header)
	return e
}

func (a *answering) load(ctx context.Context) (Answer, ports.ReadInfo, error) {
	a.loads++
	a.asked = ports.ReadOptionsFrom(ctx)
	if a.outcome != nil {
		if err := a.outcome(ctx); err != nil {
			return Answer{}, a.info, err
		}
	}
	return Answer{Body: fmt.Appendf(nil, "answer %d", a.loads), Depends: a.depends()}, a.info, nil
}

// get asks once, headers in pairs. It returns the answer with its Cache-Status, such as "answer 1, hit", or the error.
func (a *answering) get(headers ...string) (answer string, h http.Header, err error) {
	a.t.Helper()
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(a.t.Context(), http.MethodGet, "/v1/properties/x", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err = a.Serve(w, r, "the key", a.load)
	})).ServeHTTP(parsed(recorder, r), r)
	status := strings.TrimPrefix(recorder.Header().Get("Cache-Status"), "gable-view; ")
	return recorder.Body.String() + ", " + status, recorder.Header(), err
}

func (a *answering) want(want string, headers ...string) {
	a.t.Helper()
	if got, _, err := a.get(headers...); err != nil || got != want {
		a.t.Errorf("%q is answered %q, %v; want %q", headers, got, err, want)
	}
}

// change appends a change of a listing to the ledger.
func (a *answering) change(n byte) {
	p := property.Property{ID: property.ID{n}, Version: int64(a.loads) + 1}
	a.ledger.Append(property.Updated(12, p, p))
}

func TestAViewIsServedAgainAsLongAsItIsCurrent(t *testing.T) {
	a := newAnswering(t)
	a.want("answer 1, fwd=uri-miss; stored")
	a.want("answer 1, hit")
	a.change(2)
	a.want("answer 1, hit")
	a.change(1)
	a.want("answer 2, fwd=stale; stored")
	a.want("answer 2, hit")
	a.ledger.Append(property.Change{Op: property.OpReset, Tx: 13})
	a.want("answer 3, fwd=uri-miss; stored")
	a.Purge()
	a.want("answer 4, fwd=uri-miss; stored")
}

// A change that arrives while an answer is made may be missing from it.
func TestAChangeThatArrivesDuringALoadIsNotTakenForSeen(t *testing.T) {
	a := newAnswering(t)
	a.outcome = func(context.Context) error { a.outcome = nil; a.change(1); return nil }
	a.want("answer 1, fwd=uri-miss; stored")
	a.want("answer 2, fwd=stale; stored")
}

func TestWhileTheFeedIsSilentNoViewIsServedOrCached(t *testing.T) {
	a := newAnswering(t)
	silent := func() { a.ledger.Confirm(time.Now().Add(-2 * time.Hour)) }
	silent()
	a.want("answer 1, fwd=bypass")
	a.ledger.Confirm(time.Now())
	a.want("answer 2, fwd=uri-miss; stored")
	silent()
	a.want("answer 3, fwd=bypass")
	a.want("answer 4, fwd=bypass")
}

func TestAnAnswerWithoutDependenciesIsNotCached(t *testing.T) {
	a := newAnswering(t)
	a.depends = func() []freshness.Dependency { return nil }
	a.want("answer 1, fwd=uri-miss")
	a.want("answer 2, fwd=uri-miss")
}

// A request for more than the default gets a view if the feed has just been read. Otherwise it gets the database's own
// answer, which is not cached. It does not matter whether the target is known.
func TestARequestForTheLatestStateGetsAViewOrTheDatabasesOwnAnswer(t *testing.T) {
	const cache, token = "Cache-Control", consistency.Header
	ahead := freshness.Token{Seen: freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}},
		Wrote: []uint64{50}}
	known := freshness.Token{Seen: ahead.Seen}
	for name, c := range map[string]struct {
		header, value string
		silent        bool // the feed cannot be read
		view          bool
	}{
		"default":                                {cache, "max-age=60", true, true},
		"the database itself":                    {cache, "no-store", false, false},
		"the latest state":                       {cache, "no-cache", false, true},
		"the latest state, of a silent feed":     {cache, "no-cache", true, false},
		"a reload, with a silent feed":           {cache, "max-age=0", true, false},
		"a session begins":                       {token, "*", false, true},
		"a token that is met":                    {token, known.String(), false, true},
		"a token that is met, and a silent feed": {token, known.String(), true, true},
		"a token that is not met":                {token, ahead.String(), false, true},
		"a token that cannot be met":             {token, ahead.String(), true, false},
		"a token of another history":             {token, freshness.Present().String(), true, false},
	} {
		for _, targetKnown := range []bool{true, false} {
			a := newAnswering(t)
			a.want("answer 1, fwd=uri-miss; stored")
			if !targetKnown {
				a.targets.InvalidateAll()
			}
			if c.silent {
				a.feed.catchUp = ports.ErrUnavailable
			}
			want := "answer 2, fwd=bypass"
			if c.view {
				want = "answer 1, hit"
			}
			got, h, err := a.get(c.header, c.value)
			if err != nil || got != want || a.asked.Uncached == c.view || (h.Get(token) != "") != (c.header == token) {
				t.Errorf("%s (target known: %t): %q, %v, token %q", name, targetKnown, got, err, h.Get(token))
			}
			a.feed.catchUp = nil
			a.want("answer 1, hit")
		}
	}
}

// A client without the token could see an older state the next time.
func TestASessionIsAnsweredWithATokenOrNotAtAll(t *testing.T) {
	a := newAnswering(t)
	a.want("answer 1, fwd=uri-miss; stored")
	a.feed.catchUp, a.feed.now = ports.ErrUnavailable, ports.ErrUnavailable
	for range 2 {
		if got, h, err := a.get(consistency.Header, "*"); !errors.Is(err, ports.ErrUnavailable) ||
			h.Get(consistency.Header) != "" {
			t.Errorf("without a feed point, the answer is %q, %v", got, err)
		}
		a.targets.InvalidateAll()
	}
}

// A view served in an outage must have been current at the last confirmation, and the reader must tolerate its age.
func TestAnOutageIsNoExcuseForAViewThatIsKnownToBeOld(t *testing.T) {
	for name, c := range map[string]struct {
		changed byte
		header  string
		served  bool
	}{
		"nothing has changed":         {0, "", true},
		"something else has changed":  {2, "", true},
		"it has changed":              {1, "", false},
		"a session is not to go back": {0, consistency.Header, false},
	} {
		a := newAnswering(t)
		a.want("answer 1, fwd=uri-miss; stored")
		a.change(c.changed)
		a.ledger.Confirm(time.Now().Add(-2 * time.Hour))
		a.feed.catchUp = ports.ErrUnavailable
		a.outcome = func(context.Context) error { return ports.ErrUnavailable }
		headers := []string{c.header, freshness.Token{Seen: a.feed.place}.String()}
		got, h, err := a.get(headers[:2*min(1, len(c.header))]...)
		if (err == nil) != c.served || err == nil && (got != "answer 1, hit; detail=stale" || h.Get("Age") == "") {
			t.Errorf("%s: %q, age %q, %v", name, got, h.Get("Age"), err)
		}
	}
}

// The cache is in use, and has no view for the reader. While the database is asked, and does not answer, another
// request stores a view. That view was not judged for this reader, so it may not be served as a stale answer.
func TestOnlyAViewThatCouldNotBeJudgedStandsInForTheDatabase(t *testing.T) {
	a := newAnswering(t)
	a.outcome = func(ctx context.Context) error {
		a.outcome = nil
		a.want("answer 2, fwd=uri-miss; stored")
		return ports.ErrUnavailable
	}
	if got, h, err := a.get(); !errors.Is(err, ports.ErrUnavailable) || h.Get("Age") != "" {
		t.Errorf("the answer is %q, age %q, %v", got, h.Get("Age"), err)
	}
}
