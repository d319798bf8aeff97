package catalog_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// A read here after an acknowledged write must show it.
func TestEveryWriteIsPublishedHereBeforeItIsAcknowledged(t *testing.T) {
	s := newShop(t, plain)
	created, err := s.Create(t.Context(), property.Details{Title: "new", Location: "Here"}, nil)
	wantPublished(t, s, created, err, property.OpInsert, created.ID)
	updated, err := s.Update(t.Context(), created.ID, nil, raise(1))
	wantPublished(t, s, updated, err, property.OpUpdate, created.ID)
	deleted, err := s.Delete(t.Context(), created.ID, nil)
	wantPublished(t, s, deleted, err, property.OpDelete, created.ID)
}

// wantPublished checks that the returned change is the one that was published.
func wantPublished(t *testing.T, s *shop, returned property.Change, err error, op property.Op, id property.ID) {
	t.Helper()
	if err != nil || len(s.published) != 1 || s.published[0].Origin != property.OriginSelf {
		t.Fatalf("the %s is published as %+v, error %v", op, s.published, err)
	}
	if c := s.published[0].Change; c.Op != op || c.ID != id {
		t.Fatalf("the %s of %s is published as the %s of %s", op, id, c.Op, c.ID)
	}
	if diff := cmp.Diff(s.published[0].Change, returned); diff != "" {
		t.Errorf("the %s returns another change (-published +returned):\n%s", op, diff)
	}
	s.published = nil
}

// A repetition may find what the first request has created through another process.
func TestARepetitionIsAnsweredWhenWhatItFindsIsKnownHere(t *testing.T) {
	s := newShop(t, plain)
	create := func() (property.Change, error) {
		key := ports.IdempotencyKey{Owner: "importer", Key: "1", Request: "same"}
		return s.Create(t.Context(), property.Details{Title: "once", Location: "Here"}, &key)
	}
	first, err := create()
	if err != nil || s.caughtUp != 0 {
		t.Fatalf("the first waits %d times, error %v", s.caughtUp, err)
	}
	again, err := create()
	if err != nil || again.Op != "" || again.After == nil || again.ID != first.ID || s.caughtUp != 1 || len(s.published) != 1 {
		t.Errorf("the second gets %s (%q) and waits %d times, error %v; %d published", again.ID, again.Op, s.caughtUp, err,
			len(s.published))
	}
	s.behind = ports.ErrUnavailable
	if _, err := create(); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("while that cannot be known here, the third returns %v", err)
	}
}

// records are the listings of an import, by reference.
type records []string

func (r *records) Next() (property.Record, error) {
	if len(*r) == 0 {
		return property.Record{}, io.EOF
	}
	reference := (*r)[0]
	*r = (*r)[1:]
	return property.Record{Details: property.Details{Reference: reference, Title: reference, Location: "Here"}}, nil
}

// Another process may have imported just now what an import finds unchanged.
func TestAnImportPublishesWhatItChangesAndWaitsForWhatItFinds(t *testing.T) {
	s := newShop(t, plain)
	importing := func(references ...string) (property.ImportReport, error) {
		return s.Import(t.Context(), catalog.Import{Open: func() (catalog.Source, error) {
			r := records(references)
			return &r, nil
		}})
	}
	if report, err := importing("a", "b"); err != nil || report.Created != 2 || len(s.published) != 2 || s.caughtUp != 0 {
		t.Fatalf("%+v, error %v; %d changes are published, after %d catch-ups", report, err, len(s.published), s.caughtUp)
	}
	if report, err := importing("b", "c"); err != nil || report.Unchanged != 1 || len(s.published) != 3 || s.caughtUp != 1 {
		t.Errorf("%+v, error %v; %d changes are published, after %d catch-ups", report, err, len(s.published), s.caughtUp)
	}
	s.behind = ports.ErrUnavailable
	if report, err := importing("a"); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("while what it finds cannot be known here, the importer receives %+v, %v", report, err)
	}
}

// readCounter is a repository that counts the reads which a cache in front of it might answer.
type readCounter struct {
	ports.PropertyRepository

	cacheable int // reads that a cache might have answered
}

func (a *readCounter) note(ctx context.Context) {
	if !ports.ReadOptionsFrom(ctx).Uncached {
		a.cacheable++
	}
}

func (a *readCounter) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	a.note(ctx)
	return a.PropertyRepository.Find(ctx, id)
}

func (a *readCounter) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	a.note(ctx)
	return a.PropertyRepository.Search(ctx, s)
}

// A change is made to what stands in the store, and an export is a copy of it.
func TestWritesAndExportsBeginWithWhatStandsInTheStore(t *testing.T) {
	store := &readCounter{}
	s := newShop(t, func(r ports.PropertyRepository) ports.PropertyRepository {
		store.PropertyRepository = r
		return store
	}, 1_00, 2_00)
	for name, act := range map[string]func() error{
		"an update":  func() error { _, err := s.Update(t.Context(), s.ids[0], nil, raise(1)); return err },
		"a deletion": func() error { _, err := s.Delete(t.Context(), s.ids[1], atVersion(1)); return err },
		"an export": func() error {
			return s.Export(t.Context(), property.Search{}, func(*property.Property) error { return nil })
		},
		"many at once": func() error { _, err := s.UpdateAll(t.Context(), s.ids[:1], raise(1)); return err },
	} {
		if err := act(); err != nil || store.cacheable > 0 {
			t.Errorf("%s reads %d times what may be cached, error %v", name, store.cacheable, err)
		}
		store.cacheable = 0
	}
	if _, _, err := s.Get(t.Context(), s.ids[0]); err != nil || store.cacheable != 1 {
		t.Errorf("a reader reads %d times what may be cached, error %v", store.cacheable, err)
	}
}
