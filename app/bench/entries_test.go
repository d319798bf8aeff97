package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/follow"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// BenchmarkWriteAmongEntries compares the rate of writes where a hundred searches are cached with the rate where a
// million are. Each side is use case, repository in memory, bus and ledger, with both cache levels filled; the sides
// take turns of a quarter of a second with all processors writing. Both are in one process the whole time: the garbage
// collector works less often the larger the heap is, and so treats them alike. It reports writes/s of both, and the
// median over the rounds of their ratio. It takes about two gigabytes of memory.
//
//	go test ./app/bench -run '^$' -bench WriteAmongEntries -benchtime 20x
func BenchmarkWriteAmongEntries(b *testing.B) {
	if testing.Short() {
		b.Skip("takes a minute and gigabytes")
	}
	shops := [2]*shop{newShop(b, 100), newShop(b, 1_000_000)}
	var rates [2][]float64
	for round := 0; b.Loop(); round++ {
		for i := range shops {
			turn := (i + round) % 2
			rates[turn] = append(rates[turn], shops[turn].write(250*time.Millisecond))
		}
	}
	var ratios []float64
	for round, few := range rates[0] {
		ratios = append(ratios, rates[1][round]/few)
	}
	for _, s := range shops {
		s.checkCached()
	}
	b.ReportMetric(median(rates[0]), "few-writes/s")
	b.ReportMetric(median(rates[1]), "many-writes/s")
	b.ReportMetric(median(ratios), "many-of-few")
	b.ReportMetric(0, "ns/op")
}

// shop is the use cases over listings in memory, with both cache levels, wired as in the program.
type shop struct {
	b       *testing.B
	catalog *catalog.Catalog
	store   *memory.PropertyRepository
	ledger  *freshness.Ledger
	query   *memory.Cache
	views   *viewcache.Cache
	ids     []property.ID
	cached  int // searches
}

// noneSoDear answers every search with an empty page.
type noneSoDear struct{ ports.PropertyRepository }

func (noneSoDear) Search(context.Context, *property.Search) (*property.Page, ports.ReadInfo, error) {
	return &property.Page{}, ports.ReadInfo{}, nil
}

// dearest is a price above all others; the price ranges of the searches begin at it.
const dearest = property.Decimal(1_000_000_000_00)

func newShop(b *testing.B, searches int) *shop {
	const room = 4 << 30
	s := &shop{
		b: b, store: memory.NewPropertyRepository(time.Now), query: memory.NewCache(room), cached: searches,
		ledger: freshness.NewLedger(16_384, 1<<30, 24*time.Hour),
	}
	s.ledger.Confirm(time.Now())
	counters := new(cachestat.Counters)
	s.views = viewcache.New(s.ledger, nil, counters, viewcache.Options{MaxBytes: room, TTL: time.Hour})
	options := cached.Options{TTL: time.Hour, LoadTimeout: time.Minute}
	b.Cleanup(func() {
		s.views.Close()
		_ = s.query.Close()
	})
	bus := eventbus.New(func(_ string, recovered any) { panic(recovered) })
	bus.Subscribe("ledger", func(_ context.Context, events []property.Event) { follow.Deliver(s.ledger, events) })
	s.catalog = catalog.New(cached.New(s.store, s.query, s.ledger, counters, options), bus, catalog.Options{
		NewID: apptest.NewID, Now: time.Now, DefaultCurrency: "USD", CatchUp: func(context.Context) error { return nil },
	})
	for range 1_000 {
		p, err := s.catalog.Create(b.Context(), property.Details{Title: "Cottage", Location: "Here", Price: 100}, nil)
		if err != nil {
			b.Fatal(err)
		}
		s.ids = append(s.ids, p.ID)
	}
	s.fill(cached.New(noneSoDear{s.store}, s.query, s.ledger, counters, options))
	s.checkCached()
	return s
}

// fill puts the empty pages of as many different searches as the shop caches into both levels.
func (s *shop) fill(filler *cached.PropertyRepository) {
	for i := range s.cached {
		search := &property.Search{Sort: property.DefaultSort, Limit: property.DefaultLimit}
		search.Filter.Price.Min = property.Some(dearest + property.Decimal(i))
		at := s.ledger.Position()
		page, _, err := filler.Search(s.b.Context(), search)
		if err != nil {
			s.b.Fatal(err)
		}
		s.views.Store("page:"+search.String(), viewcache.Answer{
			ContentType: "application/json", Body: []byte(`{"properties":[]}`),
			Depends: []freshness.Dependency{freshness.OnPage(search, page)},
		}, at, nil)
	}
}

// checkCached fails the benchmark unless all the searches are cached.
func (s *shop) checkCached() {
	entries, _, err := s.query.Size(s.b.Context())
	views, _ := s.views.Size()
	if err != nil || int(entries) != s.cached || int(views) != s.cached {
		s.b.Fatalf("%d queries and %d views are cached, want %d (%v)", entries, views, s.cached, err)
	}
}

// write has every processor change listings for a while, and returns the writes/s of all. It prunes the change log
// first.
func (s *shop) write(duration time.Duration) float64 {
	if _, err := memory.NewChangeFeed(s.store).Prune(s.b.Context(), time.Now()); err != nil {
		s.b.Fatal(err)
	}
	var done sync.WaitGroup
	var writes atomic.Int64
	writers := runtime.GOMAXPROCS(0)
	began := time.Now()
	for writer := range writers {
		done.Go(func() {
			for n := 0; time.Since(began) < duration; n++ {
				id := s.ids[(n*writers+writer)%len(s.ids)]
				_, err := s.catalog.Update(s.b.Context(), id, nil, func(d property.Details) (property.Details, error) {
					d.Price = property.Decimal(n + 1)
					d.Title = fmt.Sprint("Cottage ", n)
					return d, nil
				})
				if err != nil {
					s.b.Error(err)
					return
				}
				writes.Add(1)
			}
		})
	}
	done.Wait()
	return float64(writes.Load()) / time.Since(began).Seconds()
}
