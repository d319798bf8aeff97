package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// shop is the use cases over memory, and what they have published.
type shop struct {
	*catalog.Catalog

	t         *testing.T
	ids       []property.ID
	published []property.Event
	caughtUp  int   // how often the feed was to be read
	behind    error // what comes of that
}

// breaking is a repository that is away after so many writes.
type breaking struct {
	ports.PropertyRepository

	left int
}

func (b *breaking) spend() error {
	if b.left--; b.left < 0 {
		return ports.ErrUnavailable
	}
	return nil
}

func (b *breaking) Update(ctx context.Context, p property.Property) (property.Change, error) {
	if err := b.spend(); err != nil {
		return property.Change{}, err
	}
	return b.PropertyRepository.Update(ctx, p)
}

func (b *breaking) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	if err := b.spend(); err != nil {
		return property.Change{}, err
	}
	return b.PropertyRepository.Delete(ctx, id, version)
}

// newShop has listings of these prices; the repository may be another one around that in memory.
func newShop(t *testing.T, around func(ports.PropertyRepository) ports.PropertyRepository,
	prices ...property.Decimal) *shop {
	t.Helper()
	s, id := &shop{t: t}, property.ID{}
	bus := eventbus.New(func(string, any) { t.Error("a subscriber panicked") })
	bus.Subscribe("test", func(_ context.Context, events []property.Event) {
		s.published = append(s.published, events...)
	})
	s.Catalog = catalog.New(around(memory.NewPropertyRepository(time.Now)), bus, catalog.Options{
		NewID: func() property.ID { id[15]++; return id }, Now: time.Now, DefaultCurrency: "USD",
		CatchUp: func(context.Context) error { s.caughtUp++; return s.behind },
	})
	for i, price := range prices {
		p, err := s.Create(t.Context(), property.Details{Title: fmt.Sprint("n", i), Location: "Here", Price: price}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.ids = append(s.ids, p.ID)
	}
	s.published = nil
	return s
}

func plain(r ports.PropertyRepository) ports.PropertyRepository { return r }

// prices are what the listings cost now; those that are gone are left out.
func (s *shop) prices() string {
	s.t.Helper()
	var list []string
	for _, id := range s.ids {
		p, _, err := s.Get(s.t.Context(), id)
		if err == nil {
			list = append(list, p.Price.Short())
		} else if !errors.Is(err, property.ErrNotFound) {
			s.t.Fatal(err)
		}
	}
	return strings.Join(list, " ")
}

func raise(by property.Decimal) func(property.Details) (property.Details, error) {
	return func(d property.Details) (property.Details, error) {
		d.Price += by
		return d, nil
	}
}

func TestManyAreUpdatedAndEachIsAccountedFor(t *testing.T) {
	s := newShop(t, plain, 1_00, 5_00, 9_00, 10_00)
	if _, err := s.Delete(t.Context(), s.ids[1], nil); err != nil {
		t.Fatal(err)
	}
	s.published = nil
	result, err := s.UpdateAll(t.Context(), append(s.ids, s.ids[2]), func(d property.Details) (property.Details, error) {
		if d.Price == 10_00 {
			return d, nil
		}
		return raise(-2_00)(d)
	})
	if err != nil || result.Changed != 2 || result.Unchanged != 1 || result.Gone != 1 || len(result.Refused) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	var invalid *property.InvalidError
	if r := result.Refused[0]; r.ID != s.ids[0] || !errors.As(r.Err, &invalid) || invalid.Fields[0].Field != "price" {
		t.Errorf("refused: %+v", r)
	}
	if got := s.prices(); got != "1 5 10" {
		t.Errorf("the prices are %s", got)
	}
	if len(s.published) != 2 || s.published[0].Change.ID != s.ids[2] || s.published[1].Change.After.Version != 3 {
		t.Errorf("%d changes were published: %+v", len(s.published), s.published)
	}
}

func TestAListingThatOthersKeepChangingIsRefusedAndTheRestIsNot(t *testing.T) {
	s := newShop(t, plain, 1_00, 2_00)
	var inner bool
	result, err := s.UpdateAll(t.Context(), s.ids, func(d property.Details) (property.Details, error) {
		if d.Title == "n0" && !inner { // a concurrent write is faster, each time
			inner = true
			if _, err := s.Update(t.Context(), s.ids[0], nil, raise(1)); err != nil {
				return d, err
			}
			inner = false
		}
		return raise(1_00)(d)
	})
	if err != nil || result.Changed != 1 || len(result.Refused) != 1 ||
		!errors.Is(result.Refused[0].Err, property.ErrVersionConflict) {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestManyAreDeleted(t *testing.T) {
	s := newShop(t, plain, 1_00, 2_00, 3_00)
	result, err := s.DeleteAll(t.Context(), append(s.ids[:2:2], s.ids[0]))
	if err != nil || result.Changed != 2 || result.Gone != 1 || len(s.published) != 2 {
		t.Errorf("%+v, %v, %d published", result, err, len(s.published))
	}
	if got := s.prices(); got != "3" {
		t.Errorf("the prices are %s", got)
	}
	if result, err := s.DeleteAll(t.Context(), nil); err != nil || result.Changed != 0 {
		t.Errorf("of nothing: %+v, %v", result, err)
	}
}

func TestAnOutageEndsTheWorkAndTheResultSaysWhatIsDone(t *testing.T) {
	for name, work := range map[string]func(*shop) (property.BulkResult, error){
		"updating": func(s *shop) (property.BulkResult, error) { return s.UpdateAll(s.t.Context(), s.ids, raise(1_00)) },
		"deleting": func(s *shop) (property.BulkResult, error) { return s.DeleteAll(s.t.Context(), s.ids) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, func(r ports.PropertyRepository) ports.PropertyRepository { return &breaking{r, 2} }, 1_00, 2_00,
				3_00, 4_00)
			result, err := work(s)
			if !errors.Is(err, ports.ErrUnavailable) || result.Changed != 2 || len(s.published) != 2 {
				t.Errorf("%+v, %v, %d published", result, err, len(s.published))
			}
			if got := s.prices(); got != map[string]string{"updating": "2 3 3 4", "deleting": "3 4"}[name] {
				t.Errorf("the prices are %s", got)
			}
		})
	}
}
