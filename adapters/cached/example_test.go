package cached_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

// A write changes no entry of the cache. The next read finds the change in the ledger and patches the cached answer.
func ExampleNew() {
	ctx := context.Background()
	store := memory.NewPropertyRepository(time.Now)
	cache := memory.NewCache(1 << 20)
	defer cache.Close()
	ledger := freshness.NewLedger(1_000, 1<<20, time.Minute)
	ledger.Confirm(time.Now()) // as each completed poll of the change feed does
	var counters cachestat.Counters
	repo := cached.New(store, cache, ledger, &counters, cached.Options{TTL: time.Hour, LoadTimeout: time.Second})

	details := property.Details{Title: "Cabin by the lake", Location: "Seattle", Price: 325_000_00}
	cabin, err := property.New(property.ID{15: 1}, details, time.Now())
	if err != nil {
		panic(err)
	}
	created, err := repo.Create(ctx, cabin, nil)
	if err != nil {
		panic(err)
	}
	ledger.Append(created.Change) // as a subscriber of the event bus does

	read := func() {
		p, _, err := repo.Find(ctx, cabin.ID)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %d missed, %d hit, %d patched\n", p.Price, counters.Of(cachestat.OutcomeMiss),
			counters.Of(cachestat.OutcomeHit), counters.Of(cachestat.OutcomePatched))
	}
	read()
	read()
	cabin = *created.Change.After
	cabin.Price = 330_000_00
	changed, err := repo.Update(ctx, cabin)
	if err != nil {
		panic(err)
	}
	ledger.Append(changed)
	read()
	// Output:
	// 325000.00: 1 missed, 0 hit, 0 patched
	// 325000.00: 1 missed, 1 hit, 0 patched
	// 330000.00: 1 missed, 1 hit, 1 patched
}
