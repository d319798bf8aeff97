package cached_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
	"github.com/gable-listings/gable/ports/porttest"
)

// The repository fulfills all its promises whatever a cache does.
func TestTheRepositoryKeepsItsPromisesWithAnyCache(t *testing.T) {
	shared := &mapCache{} // every case finds what the cases before it have left behind, under other epochs
	caches := map[string]func() ports.Cache{
		"a working one":                    func() ports.Cache { return &mapCache{} },
		"one that always fails":            func() ports.Cache { return &failing{} },
		"one that forgets everything":      func() ports.Cache { return &forgetful{} },
		"one full of garbage":              func() ports.Cache { return &garbage{} },
		"one that cuts values short":       func() ports.Cache { return &cutting{} },
		"one that answers other questions": func() ports.Cache { return &confused{} },
		"one that often hangs":             func() ports.Cache { return &hanging{} },
		"one of another epoch":             func() ports.Cache { return shared },
	}
	var epochs atomic.Int64
	for name, newCache := range caches {
		t.Run(name, func(t *testing.T) {
			porttest.PropertyRepository(t, func(*testing.T) ports.PropertyRepository {
				ledger := freshness.NewLedger(10_000, 1<<30, time.Hour)
				here := freshness.Point{Epoch: fmt.Sprint("epoch ", epochs.Add(1))}
				ledger.Restart(here, here)
				ledger.Confirm(time.Now())
				o := options()
				if name == "one that often hangs" {
					o.LoadTimeout = 100 * time.Millisecond
				}
				store := memory.NewPropertyRepository(time.Now)
				return &announcing{cached.New(store, newCache(), ledger, &cachestat.Counters{}, o), ledger}
			}, porttest.Features{})
		})
	}
}

type forgetful struct{ mapCache }

func (*forgetful) Get(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

type garbage struct{ mapCache }

func (*garbage) Get(_ context.Context, key string) ([]byte, bool, error) {
	return bytes.Repeat([]byte(key), 3), true, nil
}

type cutting struct{ mapCache }

func (c *cutting) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b, ok, err := c.mapCache.Get(ctx, key)
	return b[:len(b)/2], ok, err
}

// confused returns the value last set, for any key.
type confused struct{ mapCache }

func (c *confused) Get(_ context.Context, _ string) ([]byte, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.entries[c.last]
	return b, ok, nil
}

// hanging works, but every eighth call blocks until its caller gives up.
type hanging struct {
	mapCache
	calls atomic.Int64
}

func (c *hanging) hang(ctx context.Context) error {
	if c.calls.Add(1)%8 != 0 {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (c *hanging) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := c.hang(ctx); err != nil {
		return nil, false, err
	}
	return c.mapCache.Get(ctx, key)
}

func (c *hanging) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := c.hang(ctx); err != nil {
		return err
	}
	return c.mapCache.Set(ctx, key, value, ttl)
}
