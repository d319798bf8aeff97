package rediscache_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// asUser makes a user of the server with the rights in rules, and returns the URL with its log-in.
func asUser(t *testing.T, server, rules string) string {
	t.Helper()
	args := append([]any{"ACL", "SETUSER", "gable", "on", ">secret"}, words(rules)...)
	if err := client(t, server).Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("gable", "secret")
	return u.String()
}

func words(text string) (list []any) {
	for word := range strings.FieldsSeq(text) {
		list = append(list, word)
	}
	return list
}

// The cache works with the few rights that a shared Redis gives its users. It never sends commands that block the
// server (KEYS, scripts), delete more than its own keys, or change the server, and never touches foreign keys.
func TestTheCacheNeedsFewCommandsAndItsOwnKeysOnly(t *testing.T) {
	const largest = 50_000
	for name, rules := range map[string]string{
		"without harmful commands": "~gable:* +@all -keys -eval -evalsha -script -flushall -flushdb -config" +
			" -fcall -function",
		"with the needed commands alone": "~gable:* +ping +getrange +set +unlink +scan +hello",
	} {
		t.Run(name, func(t *testing.T) {
			user := asUser(t, servicetest.StartRedis(t).URL(), rules)
			for _, harm := range []string{
				"KEYS gable:*", "EVAL return 0", "EVALSHA 0 0", "SCRIPT FLUSH", "FLUSHALL", "FLUSHDB", "CONFIG GET save",
				"GET others",
			} {
				if err := client(t, user).Do(t.Context(), words(harm)...).Err(); !redis.HasErrorPrefix(err, "NOPERM") {
					t.Fatalf("the user is allowed %s: %v", harm, err)
				}
			}
			cache := open(t, rediscache.Options{URL: user, Timeout: patient, MaxValueBytes: largest})
			porttest.Cache(t, func(t *testing.T) ports.Cache {
				if err := cache.Purge(t.Context()); err != nil {
					t.Fatal(err)
				}
				return cache
			}, porttest.CacheFeatures{LargestValue: largest})
			wantBreaker(t, cache, "closed")
		})
	}
}
