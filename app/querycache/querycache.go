// Package querycache finds the kind of query cache that an address names. A kind is one row of a table that
// configuration, server and figures read. The package opens caches and never uses one.
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

// Kind is a kind of cache, selected by the scheme of an address.
type Kind struct {
	// Schemes are the schemes of its addresses, in lower case and without the colon.
	Schemes []string
	// Name is how the log names the cache.
	Name string
	// Own reports whether the cache belongs to one process and takes of its memory. Other kinds are shared: their
	// entries are signed, and processes that miss the same entry take turns with a lease. A shared cache that is a
	// ports.RateLimiter counts clients for all processes.
	Own bool
	// Check returns the error that Open would return for an address, without connecting. The error never shows the
	// address, which may hold a password.
	Check func(address string) error
	// Open opens the cache. It succeeds when the server does not answer.
	Open func(ctx context.Context, address string, o Options) (Cache, error)
	// Reason describes in a few words why the cache failed, in public text; "" for an error of another kind. It is nil
	// where the cache never fails.
	Reason func(err error) string
}

// Options are what a cache may use.
type Options struct {
	MaxBytes int64             // most memory of a cache in this process
	Timeout  time.Duration     // of one call
	Changed  func(cause error) // receives the cause of an outage, and nil at its end
	Trace    ports.Trace
}

// Cache is an open cache.
type Cache interface {
	ports.Cache
	Close() error
}

// kinds is the table: all that the program knows of a scheme is in its row.
var kinds = []Kind{
	{
		Schemes: []string{"memory"}, Name: "the memory", Own: true,
		Check: func(address string) error {
			if address != "memory:" {
				return errors.New("invalid cache URL: write the cache in memory as memory:, and set its size in cache.max_bytes")
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

// Find returns the kind of an address that Check accepts, or the error of Check.
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

// Check returns an error for an invalid address, without connecting and without showing it.
func Check(address string) error {
	_, err := Find(address)
	return err
}

// Reason describes in a few words why a cache of any kind failed, without addresses or names; "" for other errors.
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
