//go:build unix

package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// everyReadAsksRedis leaves the view cache no room.
const everyReadAsksRedis = "GABLE_VIEW_MAX_BYTES=1KiB"

// subject is a listing and the paths that show it, whose truth is watched while something is hurt.
type subject struct {
	id    string
	round int
}

func (c *cluster) newSubject() *subject {
	c.t.Helper()
	return &subject{id: c.nodes[0].create("subject v1", 1000).ID, round: 1}
}

// looks are the paths that show the subject, each with what it shows now.
func (s *subject) looks() map[string]string {
	title := fmt.Sprintf("subject v%d", s.round)
	return map[string]string{
		itemPath(s.id): fmt.Sprintf("%s 1000.00 v%d", title, s.round),
		"/v1/properties?min_price=1000&max_price=1000":               title,
		"/v1/properties?sort=price&count=exact&limit=5&q=subject":    title + " (1)",
		"/v1/properties?min_price=1000&sort=price&fields=title,kind": title,
	}
}

// revise changes the subject through a process.
func (s *subject) revise(n *node) written {
	n.t.Helper()
	s.round++
	return n.patch(s.id, fmt.Sprintf(`{"title":"subject v%d"}`, s.round))
}

// reviseAtLast changes the subject through each process, which may refuse that for a while: connections from before an
// outage end when they are used.
func (s *subject) reviseAtLast(nodes []*node) {
	for _, n := range nodes {
		n.t.Helper()
		s.round++
		poll(n.t, "process "+n.name+" takes a write", func() bool {
			r := n.do(http.MethodPatch, itemPath(s.id), fmt.Sprintf(`{"title":"subject v%d"}`, s.round), "Content-Type", patchType)
			return r.status == http.StatusOK
		})
	}
}

// holdTrue changes the subject through each process in turn, and holds every process to its promise; nobody is refused.
func (c *cluster) holdTrue(s *subject, when string, rounds int) {
	c.t.Helper()
	before := c.t.Failed()
	for i := range rounds {
		writer := c.nodes[i%len(c.nodes)]
		w := s.revise(writer)
		for path, want := range s.looks() {
			writer.shows(w.at, 0, path, want)
		}
		for path, want := range s.looks() {
			for _, n := range c.nodes {
				n.shows(w.at, maxStaleness, path, want)
				n.shows(w.at, 0, path, want, "Cache-Control", "no-cache")
			}
		}
		if c.t.Failed() != before {
			c.t.Fatalf("%s, round %d", when, i)
		}
	}
}

// Redis holds nothing that the truth of an answer depends on, and no reader is refused for its sake.
func TestWhateverHappensToRedisEveryAnswerStaysTrue(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{ownRedis: true, links: true, settings: []string{everyReadAsksRedis}})
	s := c.newSubject()
	client := c.redisClient()
	each := func(act func(l *link)) func() {
		return func() {
			for _, n := range c.nodes {
				act(n.cache)
			}
		}
	}
	mend := each((*link).mend)
	c.holdTrue(s, "before anything happens", 2)
	for _, fault := range []struct {
		name     string
		do, undo func()
	}{
		{"flushed", func() { must(t, client.FlushAll(t.Context()).Err()) }, func() {}},
		{"slow", each(func(l *link) { l.slow(30) }), mend},
		{"slower than anyone waits", each(func(l *link) { l.slow(400) }), mend},
		{"cut off", each((*link).cut), mend},
		{"a black hole", each((*link).swallow), mend},
		{"deaf to its own answers", each((*link).loseAnswers), mend},
		{"frozen", c.redis.Pause, c.redis.Resume},
		{"cut off from one process", c.nodes[1].cache.cut, c.nodes[1].cache.mend},
		{"killed", c.redis.Kill, c.redis.Start},
	} {
		fault.do()
		c.holdTrue(s, fault.name, 4)
		fault.undo()
		c.holdTrue(s, "after it was "+fault.name, 2)
	}
	poll(t, "Redis is in use again", func() bool {
		r := c.nodes[0].get("/v1/properties?min_price=1000&max_price=1000")
		return strings.Contains(r.header.Get("Cache-Status"), "gable-query; hit")
	})
}

// A Redis that comes back from an old file brings back answers of that time.
func TestARedisRestoredFromAnOldFileBringsNoOldAnswerBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{ownRedis: true, settings: []string{everyReadAsksRedis}})
	s := c.newSubject()
	c.keepInRedis(s)
	must(t, c.redisClient().Save(t.Context()).Err())
	c.holdTrue(s, "after the file was written", 4)
	c.keepInRedis(s)
	c.redis.Kill()
	c.redis.Start()
	if n := c.redisClient().DBSize(t.Context()).Val(); n == 0 {
		t.Fatal("the file brought nothing back")
	}
	c.showAll(s)
	poll(t, "Redis is in use again", func() bool {
		c.showAll(s)
		r := c.nodes[0].get("/v1/properties?min_price=1000&max_price=1000")
		return strings.Contains(r.header.Get("Cache-Status"), "gable-query; hit")
	})
	c.holdTrue(s, "after the old file was brought back", 2)
}

// keepInRedis makes sure that every path's answer is kept.
func (c *cluster) keepInRedis(s *subject) {
	c.t.Helper()
	for path := range s.looks() {
		warm(c.t, c.nodes, path)
	}
}

// showAll asks every process for every path once, long after the last write.
func (c *cluster) showAll(s *subject) {
	c.t.Helper()
	for path, want := range s.looks() {
		for _, n := range c.nodes {
			if r := n.get(path); shown(r.answer) != want {
				c.t.Fatalf("process %s: %s shows %q, want %q (%s)", n.name, path, shown(r.answer), want, r.header.Get("Cache-Status"))
			}
		}
	}
}

// Whatever is written into the keys of the cache by others: it is not believed.
func TestAPoisonedCacheIsNotBelieved(t *testing.T) {
	t.Parallel()
	c := newCluster(t, plan{settings: []string{everyReadAsksRedis}})
	client := c.redisClient()
	s := c.newSubject()
	other := c.nodes[0].create("another", 500)
	others := "/v1/properties?min_price=500&max_price=500"
	c.keepInRedis(s)
	old := entries(t, client)
	for _, n := range c.nodes {
		w := s.revise(n)
		n.shows(w.at, maxStaleness, itemPath(s.id), s.looks()[itemPath(s.id)])
	}
	for _, n := range c.nodes {
		n.get(itemPath(s.id), "Cache-Control", "no-cache") // from now on all of them know of the last write
	}
	for name, poison := range poisons(t, old) {
		must(t, client.FlushDB(t.Context()).Err()) // no entry is left that the last poison spoiled
		c.keepInRedis(s)
		warm(t, c.nodes, itemPath(other.ID), others)
		all := entries(t, client)
		if len(all) < len(s.looks()) {
			t.Fatalf("only %d entries are kept", len(all))
		}
		for key, value := range all {
			must(t, client.Set(t.Context(), key, poison(key, value, all), redis.KeepTTL).Err())
		}
		c.showAll(s)
		for _, n := range c.nodes {
			for path, want := range s.looks() {
				if got := shown(n.get(path, "Cache-Control", "no-cache").answer); got != want {
					t.Errorf("process %s shows %q to who asks for the latest", n.name, got)
				}
			}
			if got := shown(n.get(others).answer); got != "another" {
				t.Errorf("process %s shows %q", n.name, got)
			}
			if got := shown(n.get(itemPath(other.ID)).answer); got != "another 500.00 v1" {
				t.Errorf("process %s shows %q", n.name, got)
			}
		}
		if t.Failed() {
			t.Fatalf("when each key held %s", name)
		}
	}
	t.Run("keys of another type", func(t *testing.T) {
		for key := range entries(t, client) {
			must(t, client.Del(t.Context(), key).Err())
			must(t, client.LPush(t.Context(), key, "x").Err())
		}
		c.showAll(s)
	})
}

// poisons make what a cache holds under a key something else; old is what it held long ago, all what it holds now.
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
		"a title signed by somebody else": func(_, value string, _ map[string]string) string {
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
			if v, kept := old[key]; kept {
				return v
			}
			return value
		},
	}
}

// Where the parts of an entry stand: the id of the key that has signed it, the signature, and what is signed.
const (
	idLength   = 16
	signedFrom = idLength + 28
)

// forged is an entry with another title, of the same length, in the listings that have one of these tests.
func forged(value string) string {
	return strings.NewReplacer("subject v", "forgery v", "another", "forgery").Replace(value)
}

// signedByOthers is a right signature, made with a key that is not ours, and what it signs.
func signedByOthers(t *testing.T, signed string) string {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	block, err := aes.NewCipher(secret)
	must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(t, err)
	return string(aead.Seal(nil, nil, nil, []byte(signed))) + signed
}

// entries are the keys and raw values in the cluster's Redis that are answers.
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
