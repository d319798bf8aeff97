// Package querycache finds the kind of query cache that an address names. A kind is one row of one table; configuration,
// server and figures read the row. The package opens caches and never uses one.
package querycache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/ports"
)

// Kind is a kind of cache, which the scheme of an address selects.
type Kind struct {
	// Schemes are those of its addresses, in lower case and without the colon.
	Schemes []string
	// Name is what the log calls the cache when it goes away.
	Name string
	// Own says that the cache belongs to one process and takes of its memory. Other kinds are shared: their entries are
	// signed, and processes that miss the same entry take turns with a lease. A shared cache that is a ports.RateLimiter
	// counts clients for all processes.
	Own bool
	// Check returns what Open would refuse in an address, without connecting. The error never shows the address, which
	// may hold a password.
	Check func(address string) error
	// Open makes the cache. A server that does not answer is no error.
	Open func(ctx context.Context, address string, o Options) (Cache, error)
	// Reason says in a few words why the cache failed, for everybody; "" for an error of others. Nil where it never fails.
	Reason func(err error) string
}

// Options are what a cache may use.
type Options struct {
	MaxBytes int64             // most memory of a cache in this process
	Timeout  time.Duration     // of one call
	Changed  func(cause error) // receives why the cache went away, and nil when it is back
	Trace    ports.Trace
}

// Cache is an open cache.
type Cache interface {
	ports.Cache
	Close() error
}

// kinds is the registration: what the program knows of a scheme is in its row.
var kinds = []Kind{
	{
		Schemes: []string{"memory"}, Name: "the memory", Own: true,
		Check: func(address string) error {
			if address != "memory:" {
				return errors.New("invalid cache URL: the cache in memory is written memory:, and cache.max_bytes has its size")
			}
			return nil
		},
		Open: func(_ context.Context, _ string, o Options) (Cache, error) { return memory.NewCache(o.MaxBytes), nil },
	},
	{
		Schemes: []string{
			"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
		},
		Name: "Redis", Check: rediscache.CheckURL, Reason: rediscache.Reason,
		Open: func(ctx context.Context, address string, o Options) (Cache, error) {
			return rediscache.Open(ctx, rediscache.Options{
				URL: address, Timeout: o.Timeout, Changed: o.Changed, Trace: o.Trace,
			})
		},
	},
}

// Find returns the kind of an address that Check accepts; the error is the one of Check.
func Find(address string) (Kind, error) {
	scheme, _, _ := strings.Cut(address, ":")
	i := slices.IndexFunc(kinds, func(k Kind) bool { return slices.Contains(k.Schemes, strings.ToLower(scheme)) })
	if i < 0 {
		var known []string
		for _, k := range kinds {
			known = append(known, k.Schemes...)
		}
		return Kind{}, fmt.Errorf("invalid cache URL: its scheme must be one of %s", strings.Join(known, ", "))
	}
	if err := kinds[i].Check(address); err != nil {
		return Kind{}, err
	}
	return kinds[i], nil
}

// Check returns what is wrong with an address, without connecting and without showing it.
func Check(address string) error {
	_, err := Find(address)
	return err
}

// Reason says in a few words, without addresses or names, why a cache of any kind failed; "" for other errors.
func Reason(err error) string {
	for _, k := range kinds {
		if k.Reason != nil {
			if text := k.Reason(err); text != "" {
				return text
			}
		}
	}
	return ""
}
