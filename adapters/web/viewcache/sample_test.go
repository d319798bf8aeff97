package viewcache

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// sampleOf makes a cache answer about one listing, and returns the sample of the answer. truth is the store's answer
// when the sample is checked.
func sampleOf(t *testing.T, truth func() (string, error)) (cachestat.Sample, *freshness.Ledger) {
	t.Helper()
	ledger := freshness.NewLedger(9, 1<<30, time.Hour)
	ledger.Confirm(time.Now())
	samples := cachestat.NewSamples()
	views := New(ledger, consistency.New(ledger, away{}, consistency.Options{}), &cachestat.Counters{},
		Options{MaxBytes: 1 << 20, TTL: time.Minute, Samples: samples})
	t.Cleanup(views.Close)
	load := func(ctx context.Context) (Answer, ports.ReadInfo, error) {
		body := "house 1"
		if ports.ReadOptionsFrom(ctx).Uncached {
			var err error
			if body, err = truth(); err != nil {
				return Answer{}, ports.ReadInfo{}, err
			}
		}
		depends := []freshness.Dependency{freshness.OnItem(property.ID{1})}
		return Answer{Body: []byte(body), Depends: depends}, ports.ReadInfo{}, nil
	}
	taken := make(chan cachestat.Sample)
	go func() {
		s, _ := samples.Take(t.Context())
		taken <- s
	}()
	for {
		select {
		case s := <-taken:
			return s, ledger
		default:
		}
		r := httptest.NewRequest(http.MethodGet, "/v1/properties/x", nil)
		if err := views.Serve(httptest.NewRecorder(), r, "item x", load); err != nil {
			t.Fatal(err)
		}
	}
}

// A wrong view is not served again, by its key or by its target.
func TestAWrongViewIsGoneAfterItsSecondLook(t *testing.T) {
	ledger := freshness.NewLedger(9, 1<<30, time.Hour)
	ledger.Confirm(time.Now())
	samples := cachestat.NewSamples()
	views := New(ledger, consistency.New(ledger, away{}, consistency.Options{}), &cachestat.Counters{},
		Options{MaxBytes: 1 << 20, TTL: time.Minute, Samples: samples})
	t.Cleanup(views.Close)
	body := "wrong"
	load := func(context.Context) (Answer, ports.ReadInfo, error) {
		depends := []freshness.Dependency{freshness.OnItem(property.ID{1})}
		return Answer{Body: []byte(body), Depends: depends}, ports.ReadInfo{}, nil
	}
	ask := func() string {
		w := httptest.NewRecorder()
		if err := views.Serve(w, httptest.NewRequest(http.MethodGet, "/v1/properties/x", nil), "item x", load); err != nil {
			t.Fatal(err)
		}
		return w.Body.String()
	}
	ask()
	body = "right"
	if got := ask(); got != "wrong" {
		t.Fatalf("the view is %q", got)
	}
	v, _ := views.ByKey("item x")
	finding, err := views.recheck(t.Context(), v, func(context.Context) error { return nil })
	if err != nil || finding.Verdict != cachestat.Violated {
		t.Fatalf("found %+v, %v", finding, err)
	}
	if v := views.ByTarget("/v1/properties/x"); v != nil {
		t.Errorf("the target still has the view %q", v.answer.Body)
	}
	if got := ask(); got != "right" {
		t.Errorf("the answer still is %q", got)
	}
}

func TestASecondLookAtAViewFindsWhetherItWasRight(t *testing.T) {
	otherwise := property.Property{ID: property.ID{1}, Version: 2}
	caughtUp := func(context.Context) error { return nil }
	for name, c := range map[string]struct {
		truth  string
		err    error
		change bool // before the second look
		want   cachestat.Verdict
	}{
		"right":             {truth: "house 1", want: cachestat.Verified},
		"wrong":             {truth: "house 2", want: cachestat.Violated},
		"of what is absent": {err: property.ErrNotFound, want: cachestat.Violated},
		"overtaken":         {truth: "house 2", change: true, want: cachestat.Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			s, ledger := sampleOf(t, func() (string, error) { return c.truth, c.err })
			if c.change {
				ledger.Append(property.Updated(5, otherwise, otherwise))
			}
			finding, err := s.Recheck(t.Context(), caughtUp)
			if err != nil || finding.Verdict != c.want || s.Question != "item x" {
				t.Fatalf("of the answer to %q is found %+v, %v", s.Question, finding, err)
			}
			if c.want == cachestat.Violated && (!strings.Contains(finding.Detail, "answered house 1; the store has "+c.truth) ||
				!strings.Contains(finding.Detail, "position")) {
				t.Errorf("the violation is explained by %q", finding.Detail)
			}
		})
	}
	t.Run("not known", func(t *testing.T) {
		s, _ := sampleOf(t, func() (string, error) { return "", ports.ErrUnavailable })
		if _, err := s.Recheck(t.Context(), caughtUp); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("without an answer of the store something is concluded: %v", err)
		}
		s, _ = sampleOf(t, func() (string, error) { return "house 2", nil })
		if _, err := s.Recheck(t.Context(), away{}.CatchUp); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("without having caught up something is concluded: %v", err)
		}
	})
}
