package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// wrong is a deliberately wrong implementation: right except for one thing.
type wrong[R any] struct {
	name string
	bend func(right R) R
	must []string // the cases that must fail
	may  []string // cases that may fail, since they depend on what is wrong; "*" for any
}

// testWrong checks that a wrong implementation fails the cases meant for it and passes all others.
func testWrong[R, S any](t *testing.T, w wrong[R], cases []suiteCase[S], open func(r reporter, bend func(R) R) S) {
	t.Helper()
	t.Run(strings.ReplaceAll(w.name, " ", "_"), func(t *testing.T) {
		for _, name := range append(w.must, w.may...) {
			known := slices.ContainsFunc(cases, func(c suiteCase[S]) bool { return c.name == name })
			if !known && name != "*" {
				t.Errorf("unknown case %s", name)
			}
		}
		for _, c := range cases {
			failed := failure(t, c, func(r reporter) S { return open(r, w.bend) })
			switch {
			case failed == "" && slices.Contains(w.must, c.name):
				t.Errorf("the case %s passes; its rule: %s", c.name, c.rule)
			case failed != "" && !slices.Contains(w.must, c.name) && !slices.Contains(w.may, c.name) &&
				!slices.Contains(w.may, "*"):
				t.Errorf("the case %s fails too: %s", c.name, failed)
			}
		}
	})
}

func TestWrongPropertyRepositoriesAreNoticed(t *testing.T) {
	for _, w := range slices.Concat(wrongReads, wrongWrites, wrongCreations, wrongUpserts, wrongComparisons, wrongStores,
		wrongFilters, wrongWords, wrongOrders) {
		testWrong(t, w, propertyCases(Features{}), func(r reporter,
			bend func(ports.PropertyRepository) ports.PropertyRepository) shelf {
			return shelf{r, bend(memory.NewPropertyRepository(time.Now))}
		})
	}
}

// altered is a repository with some of its methods replaced.
type altered struct {
	ports.PropertyRepository
	find   func(context.Context, property.ID) (property.Property, ports.ReadInfo, error)
	search func(context.Context, *property.Search) (*property.Page, ports.ReadInfo, error)
	count  func(context.Context, *property.Filter) (int64, ports.ReadInfo, error)
	create func(context.Context, property.Property, *ports.IdempotencyKey) (ports.Creation, error)
	update func(context.Context, property.Property) (property.Change, error)
	delete func(context.Context, property.ID, int64) (property.Change, error)
	upsert func(context.Context, []ports.Incoming) ([]ports.Upserted, error)

	compare func(context.Context, []ports.Incoming) ([]ports.Upserted, error)
}

func (b altered) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	if b.find != nil {
		return b.find(ctx, id)
	}
	return b.PropertyRepository.Find(ctx, id)
}

func (b altered) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	if b.search != nil {
		return b.search(ctx, s)
	}
	return b.PropertyRepository.Search(ctx, s)
}

func (b altered) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	if b.count != nil {
		return b.count(ctx, f)
	}
	return b.PropertyRepository.Count(ctx, f)
}

func (b altered) Create(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
	if b.create != nil {
		return b.create(ctx, p, key)
	}
	return b.PropertyRepository.Create(ctx, p, key)
}

func (b altered) Update(ctx context.Context, p property.Property) (property.Change, error) {
	if b.update != nil {
		return b.update(ctx, p)
	}
	return b.PropertyRepository.Update(ctx, p)
}

func (b altered) Delete(ctx context.Context, id property.ID, version int64) (property.Change, error) {
	if b.delete != nil {
		return b.delete(ctx, id, version)
	}
	return b.PropertyRepository.Delete(ctx, id, version)
}

func (b altered) Upsert(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if b.upsert != nil {
		return b.upsert(ctx, batch)
	}
	return b.PropertyRepository.Upsert(ctx, batch)
}

func (b altered) Compare(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
	if b.compare != nil {
		return b.compare(ctx, batch)
	}
	return b.PropertyRepository.Compare(ctx, batch)
}

type (
	repository      = ports.PropertyRepository
	wrongRepository = wrong[ports.PropertyRepository]
)

var wrongReads = []wrongRepository{
	{"nothing is found without an error", func(right repository) repository {
		return altered{PropertyRepository: right, find: func(
			ctx context.Context, id property.ID,
		) (property.Property, ports.ReadInfo, error) {
			p, _, err := right.Find(ctx, id)
			if errors.Is(err, property.ErrNotFound) {
				err = nil
			}
			return p, ports.ReadInfo{}, err
		}}
	}, []string{"find_reports_a_missing_listing"}, []string{"*"}},
	{"another's listing is found", func(right repository) repository {
		return altered{PropertyRepository: right, find: func(
			ctx context.Context, id property.ID,
		) (property.Property, ports.ReadInfo, error) {
			id[15] &^= 1
			return right.Find(ctx, id)
		}}
	}, []string{"create_returns_the_listing_as_stored"}, []string{"*"}},
	{"contexts are ignored", func(right repository) repository {
		return altered{PropertyRepository: right,
			search: func(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
				return right.Search(context.WithoutCancel(ctx), s)
			}}
	}, []string{"a_cancelled_context_ends_every_call", "a_passed_deadline_ends_every_call"}, nil},
	{"searches are cached for ever", func(right repository) repository {
		var stored sync.Map
		return altered{PropertyRepository: right, search: func(
			ctx context.Context, s *property.Search,
		) (*property.Page, ports.ReadInfo, error) {
			if page, ok := stored.Load(s.String()); ok {
				return page.(*property.Page), ports.ReadInfo{}, nil
			}
			page, _, err := right.Search(ctx, s)
			stored.Store(s.String(), page)
			return page, ports.ReadInfo{}, err
		}}
	}, []string{"a_search_sees_the_newest_state"}, []string{"*"}},
}

var wrongWrites = []wrongRepository{
	{"an update ignores the version", func(right repository) repository {
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			for {
				change, err := right.Update(ctx, p)
				if !errors.Is(err, property.ErrVersionConflict) {
					return change, err
				}
				stored, _, err := right.Find(ctx, p.ID)
				if err != nil {
					return property.Change{}, err
				}
				p.Version = stored.Version
			}
		}}
	}, []string{"update_refuses_another_version", "one_update_wins_each_version"}, nil},
	{"an update checks the version too early", func(right repository) repository {
		var inside meeting
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			stored, _, err := right.Find(ctx, p.ID)
			if err != nil || stored.Version != p.Version {
				return right.Update(ctx, p)
			}
			inside.wait()
			for {
				change, err := right.Update(ctx, p)
				if !errors.Is(err, property.ErrVersionConflict) {
					return change, err
				}
				p.Version++
			}
		}}
	}, []string{"one_update_wins_each_version"}, nil},
	{"an update takes version 0 for any", func(right repository) repository {
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			if stored, _, err := right.Find(ctx, p.ID); err == nil && p.Version == 0 {
				p.Version = stored.Version
			}
			return right.Update(ctx, p)
		}}
	}, []string{"update_refuses_another_version"}, nil},
	{"a missing listing is a conflict", func(right repository) repository {
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			change, err := right.Update(ctx, p)
			if errors.Is(err, property.ErrNotFound) {
				err = property.ErrVersionConflict
			}
			return change, err
		}}
	}, []string{"update_reports_a_missing_listing"}, nil},
	{"an update has no image before", func(right repository) repository {
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			change, err := right.Update(ctx, p)
			change.Before = change.After
			return change, err
		}}
	}, []string{"update_returns_both_images"}, nil},
	{"an update returns what was passed", func(right repository) repository {
		return altered{PropertyRepository: right, update: func(ctx context.Context, p property.Property) (property.Change,
			error) {
			change, err := right.Update(ctx, p)
			change.After, change.Version = &p, p.Version
			return change, err
		}}
	}, []string{
		"update_counts_one_version", "updated_at_never_goes_back", "update_returns_both_images",
		"update_keeps_the_birth",
	}, []string{"*"}},
	{"a delete ignores the version", func(right repository) repository {
		return altered{PropertyRepository: right, delete: func(
			ctx context.Context, id property.ID,
			_ int64,
		) (property.Change, error) {
			return right.Delete(ctx, id, 0)
		}}
	}, []string{"delete_refuses_another_version"}, nil},
	{"a delete insists on a version", func(right repository) repository {
		return altered{PropertyRepository: right, delete: func(
			ctx context.Context, id property.ID,
			version int64,
		) (property.Change, error) {
			return right.Delete(ctx, id, max(version, 1))
		}}
	}, []string{"delete_takes_any_version_for_zero"}, []string{"a_replay_returns_what_was_created"}},
	{"a delete of nothing succeeds", func(right repository) repository {
		return altered{PropertyRepository: right, delete: func(
			ctx context.Context, id property.ID,
			version int64,
		) (property.Change, error) {
			change, err := right.Delete(ctx, id, version)
			if errors.Is(err, property.ErrNotFound) {
				err = nil
			}
			return change, err
		}}
	}, []string{"delete_reports_a_missing_listing", "one_delete_wins"}, nil},
	{"a delete has the last version", func(right repository) repository {
		return altered{PropertyRepository: right, delete: func(
			ctx context.Context, id property.ID,
			version int64,
		) (property.Change, error) {
			change, err := right.Delete(ctx, id, version)
			change.Version--
			return change, err
		}}
	}, []string{"delete_returns_what_was_removed"}, nil},
	{"a taken reference is dropped", func(right repository) repository {
		return altered{PropertyRepository: right, create: func(
			ctx context.Context, p property.Property,
			key *ports.IdempotencyKey,
		) (ports.Creation, error) {
			creation, err := right.Create(ctx, p, key)
			if errors.Is(err, property.ErrReferenceTaken) {
				p.Reference = ""
				return right.Create(ctx, p, key)
			}
			return creation, err
		}}
	}, []string{
		"create_refuses_a_reference_in_use", "one_creation_wins_a_reference", "a_failed_creation_stores_no_key",
	}, nil},
	{"references are folded", func(right repository) repository {
		return altered{PropertyRepository: right, create: func(
			ctx context.Context, p property.Property,
			key *ports.IdempotencyKey,
		) (ports.Creation, error) {
			p.Reference = strings.ToLower(p.Reference)
			return right.Create(ctx, p, key)
		}}
	}, []string{"references_differ_by_case"}, []string{"*"}},
	{"a creation replaces the listing with its id", func(right repository) repository {
		return altered{PropertyRepository: right, create: func(
			ctx context.Context, p property.Property,
			key *ports.IdempotencyKey,
		) (ports.Creation, error) {
			creation, err := right.Create(ctx, p, key)
			if errors.Is(err, property.ErrVersionConflict) {
				change, err := right.Update(ctx, p)
				return ports.Creation{Change: change}, err
			}
			return creation, err
		}}
	}, []string{"create_refuses_an_id_in_use"}, nil},
	{"versions start again", func(right repository) repository {
		fresh := func(p *property.Property) { p.Version = 1 }
		return altered{PropertyRepository: right,
			find: func(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
				p, _, err := right.Find(ctx, id)
				if p.Title == "b" {
					fresh(&p)
				}
				return p, ports.ReadInfo{}, err
			},
			create: func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
				creation, err := right.Create(ctx, p, key)
				if after := creation.Change.After; after != nil {
					again := *after
					fresh(&again)
					creation.Change.After = &again
				}
				return creation, err
			}}
	}, []string{"create_after_delete_goes_on_counting"}, []string{"*"}},
}

// meeting joins concurrent callers: those that arrive together continue together, and a single one continues alone.
type meeting struct{ inside atomic.Int32 }

func (m *meeting) wait() {
	m.inside.Add(1)
	defer m.inside.Add(-1)
	for alone := time.Now().Add(20 * time.Millisecond); m.inside.Load() < 2 && time.Now().Before(alone); {
		time.Sleep(10 * time.Microsecond)
	}
}
