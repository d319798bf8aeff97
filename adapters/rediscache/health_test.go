package rediscache_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
)

// changes are the reports of a cache about its Redis: the causes of outages, and nil for each return.
type changes struct {
	mu  sync.Mutex
	all []error
}

func (c *changes) add(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, cause)
}

// want compares the reports with "away" and "back", and returns the last cause.
func (c *changes) want(t *testing.T, want ...string) (last error) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	reported := []string{}
	for _, cause := range c.all {
		if cause == nil {
			reported = append(reported, "back")
			continue
		}
		reported, last = append(reported, "away"), cause
	}
	if !slices.Equal(reported, want) {
		t.Fatalf("Redis was reported as %v, want %v (%v)", reported, want, c.all)
	}
	return last
}

func TestEachOutageAndReturnOfRedisIsReportedOnce(t *testing.T) {
	server, reported := servicetest.StartRedis(t), &changes{}
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: short, Changed: reported.add})
	wantBackByItself(t, cache)
	reported.want(t)
	server.Kill()
	for range 3 {
		wantUnavailable(t, cache)
	}
	reported.want(t, "away")
	server.Start()
	wantBackByItself(t, cache)
	reported.want(t, "away", "back")
	server.Pause()
	for range 3 {
		wantUnavailable(t, cache)
	}
	server.Resume()
	wantBackByItself(t, cache)
	reported.want(t, "away", "back", "away", "back")
}

func TestARedisThatIsMissingAtFirstIsReportedAtOnce(t *testing.T) {
	server, reported := servicetest.StartRedis(t), &changes{}
	server.Kill()
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: short, Changed: reported.add})
	reported.want(t, "away")
	server.Start()
	wantBackByItself(t, cache)
	reported.want(t, "away", "back")
}

// A call or two that fail, a caller that leaves, or a key of another type are not reported as an outage.
func TestAPassingFailureIsNotReported(t *testing.T) {
	server, reported := servicetest.StartRedis(t), &changes{}
	cache := open(t, rediscache.Options{URL: server.URL(), Timeout: 5 * time.Second, Changed: reported.add})
	plain := client(t, server.URL())
	if err := plain.RPush(t.Context(), "gable:list", "item").Err(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, _, err := cache.Get(t.Context(), "list"); err == nil {
			t.Fatal("a list is a value")
		}
	}
	if err := plain.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := cache.Set(t.Context(), "key", []byte("value"), time.Hour); err == nil {
			t.Fatal("a full Redis has taken a value")
		}
	}
	reported.want(t)
}

func TestTheReasonOfARefusalNamesNoUserOrAddress(t *testing.T) {
	server := servicetest.StartRedis(t).URL()
	user := asUser(t, server, "~gable:* +ping +hello")
	as := func(name, password, database string) string {
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.Path = url.UserPassword(name, password), "/"+database
		return u.String()
	}
	for name, c := range map[string]struct{ url, want string }{
		"a wrong password":      {as("gable", "wrong", "0"), "authentication failed"},
		"an unknown user":       {as("nobody", "secret", "0"), "authentication failed"},
		"no such database":      {server[:strings.LastIndex(server, "/")] + "/9999", "no such database"},
		"a command not allowed": {user, "permission denied"},
		"no server: no reason":  {"redis://127.0.0.1:1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			reported := &changes{}
			cache := open(t, rediscache.Options{URL: c.url, Timeout: time.Second, Changed: reported.add})
			for range 7 { // at last the breaker may be open
				if _, _, err := cache.Get(t.Context(), "key"); err == nil || rediscache.Reason(err) != c.want {
					t.Fatalf("the reason of %v is %q, want %q", err, rediscache.Reason(err), c.want)
				}
			}
			if cause := reported.want(t, "away"); rediscache.Reason(cause) != c.want {
				t.Errorf("it was reported as away for %v", cause)
			}
		})
	}
}
