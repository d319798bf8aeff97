package cached_test

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// shop is a cached repository with everything around it.
type shop struct {
	*announcing
	t        *testing.T
	store    *store
	cache    *mapCache
	counters *cachestat.Counters
}

// open makes an empty shop whose feed has just been confirmed and stays trusted for a day.
func open(t *testing.T) *shop {
	s := &shop{t: t, cache: &mapCache{}, counters: &cachestat.Counters{},
		store: &store{PropertyRepository: memory.NewPropertyRepository(time.Now)}}
	ledger := freshness.NewLedger(1_000, 1<<30, 24*time.Hour)
	ledger.Confirm(time.Now())
	s.announcing = &announcing{cached.New(s.store, s.cache, ledger, s.counters, options()), ledger}
	return s
}

func options() cached.Options {
	return cached.Options{TTL: time.Hour, LoadTimeout: 10 * time.Second}
}

// announcing appends every write to the ledger before it is acknowledged, as the use cases do through the event bus.
type announcing struct {
	ports.PropertyRepository
	ledger *freshness.Ledger
}

func (a *announcing) Create(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation,
	error) {
	c, err := a.PropertyRepository.Create(ctx, p, key)
	if err == nil && !c.Replayed {
		a.ledger.Append(c.Change)
	}
	return c, err
}

func (a *announcing) Update(ctx context.Context, p property.Property) (property.Change, error) {
	c, err := a.PropertyRepository.Update(ctx, p)
	if err == nil {
		a.ledger.Append(c)
	}
	return c, err
}

func (a *announcing) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	c, err := a.PropertyRepository.Delete(ctx, id, version)
	if err == nil {
		a.ledger.Append(c)
	}
	return c, err
}

func (a *announcing) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	done, err := a.PropertyRepository.Upsert(ctx, batch)
	var changes []property.Change
	for _, u := range done {
		if u.Change.Op != "" {
			changes = append(changes, u.Change)
		}
	}
	a.ledger.Append(changes...) // all at once: what was written as one is seen as one
	return done, err
}

// store is a repository that counts its questions. Its hook may delay or fail them, after the answer has been read and
// before it is returned.
type store struct {
	ports.PropertyRepository
	asked atomic.Int64
	hook  func(context.Context) error
	lie   property.Decimal // added to every price and count
}

func (s *store) afterAnswer(ctx context.Context) error {
	s.asked.Add(1)
	if s.hook == nil {
		return nil
	}
	return s.hook(ctx)
}

func (s *store) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	p, _, err := s.PropertyRepository.Find(ctx, id)
	p.Price += s.lie
	return p, ports.ReadInfo{}, cmp.Or(s.afterAnswer(ctx), err)
}

func (s *store) Search(ctx context.Context, q *property.Search) (*property.Page, ports.ReadInfo, error) {
	page, _, err := s.PropertyRepository.Search(ctx, q)
	for i := range page.Properties {
		page.Properties[i].Price += s.lie
	}
	return page, ports.ReadInfo{}, cmp.Or(s.afterAnswer(ctx), err)
}

func (s *store) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	n, _, err := s.PropertyRepository.Count(ctx, f)
	return n + int64(s.lie), ports.ReadInfo{}, cmp.Or(s.afterAnswer(ctx), err)
}

// mapCache stores everything but leases for ever, and records its use.
type mapCache struct {
	mu      sync.Mutex // guards all below
	leases  map[string]time.Time
	entries map[string][]byte
	last    string // the key last set
	ttls    []time.Duration

	beforeAdd func() // if set, runs before a lease is granted or refused
}

func (c *mapCache) Get(_ context.Context, key string) ([]byte, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.entries[key]
	return b, ok, nil
}

func (c *mapCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string][]byte{}
	}
	c.entries[key], c.last, c.ttls = value, key, append(c.ttls, ttl)
	return nil
}

func (c *mapCache) sets() int { return len(c.ttls) }

func (c *mapCache) Add(_ context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if c.beforeAdd != nil {
		c.beforeAdd()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.leases[key]) {
		return false, nil
	}
	if c.leases == nil {
		c.leases = map[string]time.Time{}
	}
	c.leases[key] = time.Now().Add(ttl)
	return true, nil
}

func (c *mapCache) Delete(_ context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.leases, key)
	delete(c.entries, key)
	return nil
}

func (c *mapCache) Purge(context.Context) error                { return nil }
func (c *mapCache) Size(context.Context) (n, b int64, e error) { return -1, -1, nil }
func (c *mapCache) Ping(context.Context) error                 { return nil }

// birth is when the listings of these tests are made.
var birth = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

func idOf(n int) property.ID { return property.ID{6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)} }

// draft is a house with that number at that price, not yet stored.
func draft(n int, price property.Decimal) property.Property {
	details := property.Details{Title: "House", Price: price, Location: "Leeds", Kind: property.KindHouse}
	p, err := property.New(idOf(n), details, birth)
	if err != nil {
		panic(err)
	}
	return p
}

// add stores a house and returns it as stored.
func (s *shop) add(n int, price property.Decimal) property.Property {
	s.t.Helper()
	c, err := s.Create(s.t.Context(), draft(n, price), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return *c.Change.After
}

// price changes the price of a listing.
func (s *shop) price(p property.Property, price property.Decimal) property.Property {
	s.t.Helper()
	p.Price = price
	c, err := s.Update(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return *c.After
}

func (s *shop) remove(p property.Property) {
	s.t.Helper()
	if _, err := s.Delete(s.t.Context(), p.ID, p.Version); err != nil {
		s.t.Fatal(err)
	}
}

// cheap returns the search for the cheapest houses up to a price of 100, with limit of them on a page.
func cheap(limit int) *property.Search {
	return &property.Search{
		Filter: property.Filter{Price: property.Range{Max: property.Some(property.Decimal(100))}},
		Sort:   property.Sort{Key: property.SortPrice}, Limit: limit,
	}
}

// prices returns the prices on a page, which identify the listings.
func prices(page *property.Page) []property.Decimal {
	shown := []property.Decimal{}
	for i := range page.Properties {
		shown = append(shown, page.Properties[i].Price)
	}
	return shown
}
