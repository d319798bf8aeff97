package consistency

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestTheHeadersSayHowFreshAnAnswerHasToBe(t *testing.T) {
	for header, want := range map[string]Directives{
		"no-store":                    {Uncached: true},
		"no-cache":                    {Latest: true},
		"NO-CACHE":                    {Latest: true},
		"max-age=0":                   {Latest: true}, // a browser's reload
		`max-age="0"`:                 {Latest: true},
		"max-age=60":                  {},
		"only-if-cached":              {OnlyCached: true},
		"only-if-cached, no-cache":    {OnlyCached: true, Latest: true},
		"max-stale=60":                {Tolerant: true, MaxStale: time.Minute},
		"max-stale":                   {Tolerant: true, MaxStale: time.Duration(math.MaxInt64)},
		"max-stale=soon":              {},
		"no-transform, something=new": {},
	} {
		if got := Parse(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q asks for %+v; want %+v", header, got, want)
		}
	}
}

// away is the feed of an unreachable database.
type away struct{}

func (away) CatchUp(context.Context) error { return ports.ErrUnavailable }

func (away) Now(context.Context) (freshness.Point, error) {
	return freshness.Point{}, ports.ErrUnavailable
}

// The write is done, so its writer needs a token that covers it, even if the database became unreachable just after it.
func TestAWriteHasATokenEvenWithoutTheDatabase(t *testing.T) {
	here := freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}}
	elsewhere := freshness.Token{Seen: freshness.Point{Epoch: "elsewhere"}}
	for name, c := range map[string]struct {
		token string
		wrote property.Change // none when its Op is empty
		exact bool
	}{
		"one change":                      {"", property.Change{Op: property.OpUpdate, Tx: 12}, true},
		"one change, in this epoch":       {"", property.Change{Op: property.OpUpdate, Tx: 12, Epoch: "here"}, true},
		"one change, in another epoch":    {"", property.Change{Op: property.OpUpdate, Tx: 12, Epoch: "elsewhere"}, false},
		"one change, after another epoch": {elsewhere.String(), property.Change{Op: property.OpUpdate, Tx: 12}, false},
		"one change, after an unknown point": {
			freshness.Present().String(), property.Change{Op: property.OpUpdate, Tx: 12}, false,
		},
		"no change": {"", property.Change{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := freshness.NewLedger(4, 1<<30, time.Hour)
			ledger.Restart(here, here)
			ledger.Confirm(time.Now())
			request, answer := http.Header{}, http.Header{}
			if c.token != "" {
				request.Set(Header, c.token)
			}
			New(ledger, away{}, Options{CatchUpTimeout: time.Second}).
				SetWriteToken(t.Context(), Parse(request), c.wrote, answer)
			token, err := freshness.ParseToken(answer.Get(Header))
			later := freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 13, Xmax: 13}}
			if err != nil || token.MetBy(here) || token.MetBy(later) != c.exact {
				t.Errorf("the token is %+v, %v", token, err)
			}
			// What was written here is in the ledger. What was there before may not be.
			if trusted := ledger.Trusted(time.Now()); trusted != (c.wrote.Op != "") {
				t.Errorf("the caches are trusted: %t", trusted)
			}
		})
	}
}

// A bulk write returns the database's current feed point, which is unknown while the database is unreachable.
func TestABulkWriteHasATokenAndDistrustsTheCachesWhenItCommittedNothing(t *testing.T) {
	for _, committed := range []bool{true, false} {
		ledger := freshness.NewLedger(4, 1<<30, time.Hour)
		ledger.Confirm(time.Now())
		answer := http.Header{}
		New(ledger, away{}, Options{CatchUpTimeout: time.Second}).SetBulkToken(t.Context(), committed, answer)
		if token := answer.Get(Header); token != freshness.Present().String() {
			t.Errorf("committed %t: the token is %q, want %q", committed, token, freshness.Present())
		}
		if trusted := ledger.Trusted(time.Now()); trusted != committed {
			t.Errorf("committed %t: the caches are trusted: %t", committed, trusted)
		}
	}
}

// The cookie counts if the request has no token of its own. A cookie that is not a token is harmless.
func TestAPageHasTheTokenOfItsBrowsersCookie(t *testing.T) {
	token := freshness.Token{Seen: freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}}}
	for name, c := range map[string]struct {
		cookie, header string
		want           Directives
	}{
		"a cookie":               {token.String(), "", Directives{Session: true, Token: &token}},
		"no cookie":              {"", "", Directives{}},
		"a cookie of no meaning": {"soup", "", Directives{}},
		"a token of its own":     {token.String(), "*", Directives{Session: true}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: Cookie, Value: c.cookie})
		}
		if c.header != "" {
			r.Header.Set(Header, c.header)
		}
		if diff := cmp.Diff(c.want, ParsePage(r, Cookie)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestATokenThatIsNoneIsReported(t *testing.T) {
	for _, tokens := range [][]string{{"soup"}, {"*", "*"}, {""}} {
		if d := Parse(http.Header{Header: tokens}); !errors.Is(d.Err, freshness.ErrInvalidToken) {
			t.Errorf("%q: %v", tokens, d.Err)
		}
	}
}
