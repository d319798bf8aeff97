package viewcache

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

const cdnHeader = "CDN-Cache-Control"

func newShared(t *testing.T) *answering {
	a := newAnswering(t)
	a.options.CDNMaxAge = time.Minute
	return a
}

// A shared cache would hand the answer, and the token in it, to readers who asked for something else.
func TestOnlyTheAnswerToARequestForNothingSpecialIsForSharedCaches(t *testing.T) {
	const cache = "Cache-Control"
	met := freshness.Token{Seen: freshness.Point{Epoch: "here", Snapshot: freshness.Snapshot{Xmin: 9, Xmax: 9}}}
	for name, c := range map[string]struct {
		headers []string
		shared  bool
	}{
		"nothing special":                  {nil, true},
		"a directive that changes nothing": {[]string{cache, "max-age=60"}, true},
		"no-cache":                         {[]string{cache, "no-cache"}, false},
		"no-cache in capitals":             {[]string{cache, "max-age=60, No-Cache"}, false},
		"no-store":                         {[]string{cache, "no-store"}, false},
		"a reload":                         {[]string{cache, "max-age=0"}, false},
		"max-stale":                        {[]string{cache, "max-stale=60"}, false},
		"only-if-cached":                   {[]string{cache, "only-if-cached"}, false},
		"a session begins":                 {[]string{consistency.Header, "*"}, false},
		"a session goes on":                {[]string{consistency.Header, met.String()}, false},
		"a session that asks for no-cache": {[]string{consistency.Header, met.String(), cache, "no-cache"}, false},
	} {
		a := newShared(t)
		for _, when := range []string{"not cached", "cached", "cached under another target", "after a change"} {
			switch when {
			case "cached under another target":
				a.targets.InvalidateAll()
			case "after a change":
				a.change(1)
			}
			for _, conditional := range []bool{false, true} {
				headers := c.headers
				if conditional {
					headers = append([]string{"If-None-Match", "*"}, headers...)
				}
				_, h, err := a.get(headers...)
				session := len(c.headers) > 0 && c.headers[0] == consistency.Header
				private := h.Get("Cache-Control") == "private, no-cache"
				if err != nil || (h.Get(cdnHeader) != "") != c.shared || private != session {
					t.Errorf("%s, %s: %v, %s %q, Cache-Control %q", name, when, err, cdnHeader, h.Get(cdnHeader),
						h.Get("Cache-Control"))
				}
			}
		}
	}
}

func TestAHeadAnswerIsForSharedCachesWhenTheGetAnswerIs(t *testing.T) {
	a := newShared(t)
	for token, shared := range map[string]bool{"": true, "*": false} {
		for range 2 {
			recorder := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/v1/properties/x", nil)
			if token != "" {
				r.Header.Set(consistency.Header, token)
			}
			a.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := a.Serve(w, r, "the key", a.load); err != nil {
					t.Error(err)
				}
			})).ServeHTTP(parsed(recorder, r), r)
			if got := recorder.Header().Get(cdnHeader); (got != "") != shared {
				t.Errorf("token %q: %s is %q", token, cdnHeader, got)
			}
		}
	}
}

func TestNeitherAStaleAnswerNorAnErrorIsForSharedCaches(t *testing.T) {
	a := newShared(t)
	a.want("answer 1, fwd=uri-miss; stored")
	a.ledger.Confirm(time.Now().Add(-2 * time.Hour))
	a.outcome = func(context.Context) error { return ports.ErrUnavailable }
	if got, h, err := a.get(); err != nil || h.Get("Age") == "" || h.Get(cdnHeader) != "" {
		t.Errorf("%q, %v, age %q, %s %q", got, err, h.Get("Age"), cdnHeader, h.Get(cdnHeader))
	}
	a.outcome = func(context.Context) error { return property.ErrNotFound }
	a.Purge()
	if _, h, err := a.get(); err == nil || h.Get(cdnHeader) != "" {
		t.Errorf("%v, %s %q", err, cdnHeader, h.Get(cdnHeader))
	}
}
