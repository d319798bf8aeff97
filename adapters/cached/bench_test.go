package cached_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// BenchmarkPageOfTwenty compares a cached page with the store in memory, which scans a thousand listings.
func BenchmarkPageOfTwenty(b *testing.B) {
	store := memory.NewPropertyRepository(time.Now)
	for n := range 1_000 {
		if _, err := store.Create(b.Context(), draft(n, property.Decimal(n)), nil); err != nil {
			b.Fatal(err)
		}
	}
	cache := memory.NewCache(1 << 20)
	b.Cleanup(func() { cache.Close() })
	ledger := freshness.NewLedger(1_000, 1<<30, 24*time.Hour)
	ledger.Confirm(time.Now())
	counters := &cachestat.Counters{}
	repo := cached.New(store, cache, ledger, counters, options())
	for name, r := range map[string]ports.PropertyRepository{"cached": repo, "store": store} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if page, _, err := r.Search(b.Context(), cheap(20)); err != nil || len(page.Properties) != 20 {
					b.Fatal(page, err)
				}
			}
		})
	}
	if counters.Figures().HitRatio() < 0.9 {
		b.Errorf("the cached page was not served: %+v", counters.Figures())
	}
}
