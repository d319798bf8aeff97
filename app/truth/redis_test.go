//go:build unix

package truth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/app/apptest"
)

// everyReadAsksRedis sets a view cache without room.
const everyReadAsksRedis = "GABLE_VIEW_MAX_BYTES=1KiB"

// subject is a listing and the paths that show it. Tests check their answers while something is disturbed.
type subject struct {
	id    string
	round int
}

func newSubject(c *apptest.Cluster) *subject {
	c.T.Helper()
	return &subject{id: c.Nodes[0].Create("subject v1", 1000).ID, round: 1}
}

// expected returns the paths that show the subject, each with what it shows now.
func (s *subject) expected() map[string]string {
	title := fmt.Sprintf("subject v%d", s.round)
	return map[string]string{
		apptest.ItemPath(s.id):                                       fmt.Sprintf("%s 1000.00 v%d", title, s.round),
		"/v1/properties?min_price=1000&max_price=1000":               title,
		"/v1/properties?sort=price&count=exact&limit=5&q=subject":    title + " (1)",
		"/v1/properties?min_price=1000&sort=price&fields=title,kind": title,
	}
}

// update changes the subject through a process.
func (s *subject) update(n *apptest.Node) apptest.Written {
	n.T.Helper()
	s.round++
	return n.Patch(s.id, fmt.Sprintf(`{"title":"subject v%d"}`, s.round))
}

// updateEventually changes the subject through each process. A process may refuse that for a while, since connections
// from before an outage end only when they are used.
func (s *subject) updateEventually(nodes []*apptest.Node) {
	for _, n := range nodes {
		n.T.Helper()
		s.round++
		apptest.Poll(n.T, "process "+n.Name+" takes a write", func() bool {
			r := n.Do(http.MethodPatch, apptest.ItemPath(s.id), fmt.Sprintf(`{"title":"subject v%d"}`, s.round),
				"Content-Type", apptest.PatchType)
			return r.Status == http.StatusOK
		})
	}
}

// checkFreshness changes the subject through each process in turn. It checks that every process keeps its promise and
// refuses no request.
func checkFreshness(c *apptest.Cluster, s *subject, when string, rounds int) {
	c.T.Helper()
	before := c.T.Failed()
	for i := range rounds {
		writer := c.Nodes[i%len(c.Nodes)]
		w := s.update(writer)
		for path, want := range s.expected() {
			writer.Shows(w.At, 0, path, want)
		}
		for path, want := range s.expected() {
			for _, n := range c.Nodes {
				n.Shows(w.At, apptest.MaxStaleness, path, want)
				n.Shows(w.At, 0, path, want, "Cache-Control", "no-cache")
			}
		}
		if c.T.Failed() != before {
			c.T.Fatalf("%s, round %d", when, i)
		}
	}
}

// No answer's truth depends on Redis, and no reader is refused because of it.
func TestWhateverHappensToRedisEveryAnswerStaysTrue(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{OwnRedis: true, Links: true, Settings: []string{everyReadAsksRedis}})
	s := newSubject(c)
	client := c.RedisClient()
	each := func(act func(l *apptest.Link)) func() {
		return func() {
			for _, n := range c.Nodes {
				act(n.Cache)
			}
		}
	}
	mend := each((*apptest.Link).Mend)
	checkFreshness(c, s, "before anything happens", 2)
	for _, fault := range []struct {
		name     string
		do, undo func()
	}{
		{"flushed", func() { apptest.Must(t, client.FlushAll(t.Context()).Err()) }, func() {}},
		{"slow", each(func(l *apptest.Link) { l.Slow(30) }), mend},
		{"slower than anyone waits", each(func(l *apptest.Link) { l.Slow(400) }), mend},
		{"cut off", each((*apptest.Link).Cut), mend},
		{"a black hole", each((*apptest.Link).Swallow), mend},
		{"without its answers", each((*apptest.Link).LoseAnswers), mend},
		{"frozen", c.Redis.Pause, c.Redis.Resume},
		{"cut off from one process", c.Nodes[1].Cache.Cut, c.Nodes[1].Cache.Mend},
		{"killed", c.Redis.Kill, c.Redis.Start},
	} {
		fault.do()
		checkFreshness(c, s, fault.name, 4)
		fault.undo()
		checkFreshness(c, s, "after it was "+fault.name, 2)
	}
	apptest.Poll(t, "Redis is in use again", func() bool {
		r := c.Nodes[0].Get("/v1/properties?min_price=1000&max_price=1000")
		return strings.Contains(r.Header.Get("Cache-Status"), "gable-query; hit")
	})
}

// A Redis that comes back from an old file brings back answers of that time.
func TestARedisRestoredFromAnOldFileBringsNoOldAnswerBack(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{OwnRedis: true, Settings: []string{everyReadAsksRedis}})
	s := newSubject(c)
	cacheInRedis(c, s)
	apptest.Must(t, c.RedisClient().Save(t.Context()).Err())
	checkFreshness(c, s, "after the file was written", 4)
	cacheInRedis(c, s)
	c.Redis.Kill()
	c.Redis.Start()
	if n := c.RedisClient().DBSize(t.Context()).Val(); n == 0 {
		t.Fatal("the file brought nothing back")
	}
	showAll(c, s)
	apptest.Poll(t, "Redis is in use again", func() bool {
		showAll(c, s)
		r := c.Nodes[0].Get("/v1/properties?min_price=1000&max_price=1000")
		return strings.Contains(r.Header.Get("Cache-Status"), "gable-query; hit")
	})
	checkFreshness(c, s, "after the old file was brought back", 2)
}

// cacheInRedis caches the answers of all the subject's paths.
func cacheInRedis(c *apptest.Cluster, s *subject) {
	c.T.Helper()
	for path := range s.expected() {
		apptest.Warm(c.T, c.Nodes, path)
	}
}

// showAll requests every path from every process once, long after the last write.
func showAll(c *apptest.Cluster, s *subject) {
	c.T.Helper()
	for path, want := range s.expected() {
		for _, n := range c.Nodes {
			if r := n.Get(path); apptest.Shown(r.Answer) != want {
				c.T.Fatalf("process %s: %s shows %q, want %q (%s)", n.Name, path, apptest.Shown(r.Answer), want,
					r.Header.Get("Cache-Status"))
			}
		}
	}
}

// No process trusts what others write into the keys of the cache.
func TestAPoisonedCacheIsNotBelieved(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{Settings: []string{everyReadAsksRedis}})
	client := c.RedisClient()
	s := newSubject(c)
	other := c.Nodes[0].Create("another", 500)
	others := "/v1/properties?min_price=500&max_price=500"
	cacheInRedis(c, s)
	old := entries(t, client)
	for _, n := range c.Nodes {
		w := s.update(n)
		n.Shows(w.At, apptest.MaxStaleness, apptest.ItemPath(s.id), s.expected()[apptest.ItemPath(s.id)])
	}
	for _, n := range c.Nodes {
		n.Get(apptest.ItemPath(s.id), "Cache-Control", "no-cache") // from now on all of them know of the last write
	}
	for name, poison := range poisons(t, old) {
		apptest.Must(t, client.FlushDB(t.Context()).Err()) // removes the entries that the last poison spoiled
		cacheInRedis(c, s)
		apptest.Warm(t, c.Nodes, apptest.ItemPath(other.ID), others)
		all := entries(t, client)
		if len(all) < len(s.expected()) {
			t.Fatalf("only %d entries are cached", len(all))
		}
		for key, value := range all {
			apptest.Must(t, client.Set(t.Context(), key, poison(key, value, all), redis.KeepTTL).Err())
		}
		showAll(c, s)
		for _, n := range c.Nodes {
			for path, want := range s.expected() {
				if got := apptest.Shown(n.Get(path, "Cache-Control", "no-cache").Answer); got != want {
					t.Errorf("process %s shows %q for no-cache", n.Name, got)
				}
			}
			if got := apptest.Shown(n.Get(others).Answer); got != "another" {
				t.Errorf("process %s shows %q", n.Name, got)
			}
			if got := apptest.Shown(n.Get(apptest.ItemPath(other.ID)).Answer); got != "another 500.00 v1" {
				t.Errorf("process %s shows %q", n.Name, got)
			}
		}
		if t.Failed() {
			t.Fatalf("when each key held %s", name)
		}
	}
	t.Run("keys of another type", func(t *testing.T) {
		for key := range entries(t, client) {
			apptest.Must(t, client.Del(t.Context(), key).Err())
			apptest.Must(t, client.LPush(t.Context(), key, "x").Err())
		}
		showAll(c, s)
	})
}

// poisons replace what a cache holds under a key; old is what it held long ago, all what it holds now.
func poisons(t *testing.T, old map[string]string) map[string]func(key, value string, all map[string]string) string {
	return map[string]func(key, value string, all map[string]string) string{
		"nothing":        func(string, string, map[string]string) string { return "" },
		"random bytes":   func(_, value string, _ map[string]string) string { return rand.Text()[:min(26, len(value))] },
		"the first half": func(_, value string, _ map[string]string) string { return value[:len(value)/2] },
		"all but the end": func(_, value string, _ map[string]string) string {
			return value[:len(value)-1]
		},
		"something behind": func(_, value string, _ map[string]string) string { return value + value },
		"another key's": func(key, value string, all map[string]string) string {
			for k, v := range all {
				if k != key && v != value {
					return v
				}
			}
			return value
		},
		"another title of the same length": func(_, value string, _ map[string]string) string { return forged(value) },
		"a title signed with a foreign key": func(_, value string, _ map[string]string) string {
			return value[:idLength] + signedByOthers(t, forged(value)[signedFrom:])
		},
		"the same under an id of theirs": func(_, value string, _ map[string]string) string {
			return "FOREIGNFOREIGN16" + signedByOthers(t, forged(value)[signedFrom:])
		},
		"no signature": func(_, value string, _ map[string]string) string {
			return value[:idLength] + forged(value)[signedFrom:]
		},
		"a record of zeros": func(_, value string, _ map[string]string) string {
			return value[:signedFrom] + strings.Repeat("\x00", 200)
		},
		"an endless list": func(_, value string, _ map[string]string) string {
			return value[:len(value)/2] + strings.Repeat("\xff\xff\xff\xff\x0f", 21)
		},
		"an endless MessagePack array": func(string, string, map[string]string) string {
			return "\x9d\xa1x" + strings.Repeat("\xdd\xff\xff\xff\xff", 20)
		},
		"8 MiB": func(_, value string, _ map[string]string) string { return value + strings.Repeat("\x00", 8<<20) },
		"its own of long ago": func(key, value string, _ map[string]string) string {
			if v, known := old[key]; known {
				return v
			}
			return value
		},
	}
}

// The parts of an entry: the id of the key that signed it, the signature, and what is signed.
const (
	idLength   = 16
	signedFrom = idLength + 28
)

// forged returns an entry with another title, of the same length, in the listings that have one of these tests.
func forged(value string) string {
	return strings.NewReplacer("subject v", "forgery v", "another", "forgery").Replace(value)
}

// signedByOthers returns a correct signature made with a foreign key, and what it signs.
func signedByOthers(t *testing.T, signed string) string {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	block, err := aes.NewCipher(secret)
	apptest.Must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	apptest.Must(t, err)
	return string(aead.Seal(nil, nil, nil, []byte(signed))) + signed
}

// entries returns the keys and raw values in the cluster's Redis that are answers.
func entries(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for keys := client.Scan(t.Context(), 0, "*", 100).Iterator(); keys.Next(t.Context()); {
		value, err := client.Get(t.Context(), keys.Val()).Result()
		if err == nil && len(value) > len("a short lease") {
			all[keys.Val()] = value
		}
	}
	return all
}
