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

// asUser makes a user of the server who may do what the rules say, and returns the URL with which they log in.
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

// A Redis that others use, too, gives its users few rights: what holds up everybody (KEYS, scripts), what empties more than
// one's own, and what changes the server is never asked for, and keys of others are never touched.
func TestTheCacheNeedsFewCommandsAndItsOwnKeysOnly(t *testing.T) {
	const largest = 50_000
	for name, rules := range map[string]string{
		"without what does harm":           "~gable:* +@all -keys -eval -evalsha -script -flushall -flushdb -config -fcall -function",
		"with what it needs and no others": "~gable:* +ping +getrange +set +unlink +scan +hello",
	} {
		t.Run(name, func(t *testing.T) {
			user := asUser(t, servicetest.StartRedis(t).URL(), rules)
			for _, harm := range []string{
				"KEYS gable:*", "EVAL return 0", "EVALSHA 0 0", "SCRIPT FLUSH", "FLUSHALL", "FLUSHDB", "CONFIG GET save", "GET others",
			} {
				if err := client(t, user).Do(t.Context(), words(harm)...).Err(); !redis.HasErrorPrefix(err, "NOPERM") {
					t.Fatalf("this user may do %s: %v", harm, err)
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
