package viewcache

import (
	"math"
	"net/http"
	"testing"
	"time"
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
