package porttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// PropertyRestorer checks that a store keeps every promise of ports.PropertyRestorer. newStore returns an empty
// repository and the restorer of its listings at each call.
func PropertyRestorer(
	t *testing.T, newStore func(t *testing.T) (ports.PropertyRepository, ports.PropertyRestorer),
) {
	runCases(t, restoreCases, func(t *testing.T) restoreShelf {
		repo, restorer := newStore(t)
		return restoreShelf{shelf{t, repo}, restorer}
	})
}

// restoreShelf is a shelf that listings can be restored to.
type restoreShelf struct {
	shelf
	restorer ports.PropertyRestorer
}

// exported returns a listing with this id as a file of another store has it.
func (s restoreShelf) exported(n int, version int64, edits ...func(*property.Details)) property.Property {
	s.t.Helper()
	p := s.draft(n, edits...)
	p.Version = version
	p.CreatedAt, p.UpdatedAt = birth.Add(-time.Hour), birth.Add(time.Duration(version)*time.Microsecond)
	return p
}

func (s restoreShelf) restore(batch ...property.Property) []ports.Restored {
	s.t.Helper()
	result, err := s.restorer.Restore(s.t.Context(), batch)
	if err != nil || len(result) != len(batch) {
		s.t.Fatalf("restore %d listings: %d results, error %v", len(batch), len(result), err)
	}
	return result
}

// wantLeftAlone checks that a listing was not stored, for this reason; nil stands for no difference.
func (s restoreShelf) wantLeftAlone(r ports.Restored, why error) {
	s.t.Helper()
	if r.Change.Op != "" || !errors.Is(r.Refused, why) || why == nil && r.Refused != nil {
		s.t.Fatalf("the result is %q with the refusal %v, not the refusal %v", r.Change.Op, r.Refused, why)
	}
}

var restoreCases = []suiteCase[restoreShelf]{
	{"a_restored_listing_is_as_it_was",
		"A new id is inserted with its version and times, with a reference or without one, in every field.",
		func(s restoreShelf) {
			full := s.full(1)
			full.Version, full.CreatedAt, full.UpdatedAt = 7, birth.Add(-time.Hour), birth.Add(time.Hour)
			batch := []property.Property{full, s.exported(2, 1), s.exported(3, property.MaxVersion), s.exported(4, 12)}
			for i, r := range s.restore(batch...) {
				s.wantHeading(r.Change, property.OpInsert, batch[i].ID, batch[i].Version)
				s.wantSame("the result", *s.after(r.Change), batch[i])
				s.wantStored(batch[i])
			}
		}},
	{"versions_count_on_from_the_restored_one", "An update and a delete count on from the restored version.",
		func(s restoreShelf) {
			p := s.exported(1, 7)
			s.restore(p)
			s.wantHeading(s.update(p, price(1)), property.OpUpdate, p.ID, 8)
			s.wantHeading(s.delete(p.ID, 8), property.OpDelete, p.ID, 9)
		}},
	{"versions_never_go_back",
		"Where an id had the same or a higher version before, the listing gets the next one; otherwise its own.",
		func(s restoreShelf) {
			for n, c := range []struct{ exported, want int64 }{{1, 4}, {3, 4}, {4, 4}, {5, 5}, {90, 90}} {
				p := s.update(s.add(n), price(1)).After
				s.delete(p.ID, 0)
				r := s.restore(s.exported(n, c.exported))[0]
				s.wantHeading(r.Change, property.OpInsert, p.ID, c.want)
				if stored := s.find(p.ID); stored.Version != c.want {
					s.t.Fatalf("the listing has version %d, not %d", stored.Version, c.want)
				}
			}
		}},
	{"a_restored_listing_can_be_restored_again", "A listing that is stored already without a difference is left alone.",
		func(s restoreShelf) {
			p := s.exported(1, 7, reference("R"))
			s.restore(p)
			s.wantLeftAlone(s.restore(p)[0], nil)
			s.wantStored(p)
		}},
	{"a_stored_listing_is_left_alone",
		"A listing whose id is stored with other details, or another creation time, is refused and not changed.",
		func(s restoreShelf) {
			stored := s.add(1)
			elder := stored
			elder.CreatedAt = stored.CreatedAt.Add(-time.Microsecond)
			for _, p := range []property.Property{s.exported(1, 7, price(7)), elder} {
				s.wantLeftAlone(s.restore(p)[0], property.ErrVersionConflict)
				s.wantStored(stored)
			}
		}},
	{"a_taken_reference_is_refused",
		"A listing whose reference belongs to another one is refused; the rest of the batch is stored.",
		func(s restoreShelf) {
			holder := s.add(1, reference("R"))
			other := s.exported(3, 2)
			result := s.restore(s.exported(2, 7, reference("R")), other)
			s.wantLeftAlone(result[0], property.ErrReferenceTaken)
			s.wantGone(numbered(2))
			s.wantStored(holder)
			s.wantStored(other)
		}},
	{"a_batch_is_judged_in_its_order",
		"Two listings of a batch with one id or reference are judged as if the first was stored before the second came.",
		func(s restoreShelf) {
			first := s.exported(1, 7, reference("R"))
			result := s.restore(first, first, s.exported(1, 7, price(7)), s.exported(2, 1, reference("R")))
			s.wantHeading(result[0].Change, property.OpInsert, first.ID, 7)
			s.wantLeftAlone(result[1], nil)
			s.wantLeftAlone(result[2], property.ErrVersionConflict)
			s.wantLeftAlone(result[3], property.ErrReferenceTaken)
			s.wantStored(first)
		}},
	{"a_comparison_stores_nothing", "PreviewRestore returns what Restore would do, and stores nothing.",
		func(s restoreShelf) {
			stored := s.add(1)
			result, err := s.restorer.PreviewRestore(s.t.Context(),
				[]property.Property{stored, s.exported(1, 7, price(7)), s.exported(2, 7)})
			if err != nil || len(result) != 3 || result[2].Change.Op != property.OpInsert || result[2].Change.ID != numbered(2) {
				s.t.Fatalf("the results are %+v, error %v", result, err)
			}
			s.wantLeftAlone(result[0], nil)
			s.wantLeftAlone(result[1], property.ErrVersionConflict)
			s.wantFound("limit=10", "b")
		}},
	{"a_full_batch_is_restored", "A batch may have MaxBatch listings; a larger one is refused.", func(s restoreShelf) {
		batch := make([]property.Property, ports.MaxBatch+1)
		for i := range batch {
			batch[i] = s.exported(i, int64(i+1), reference(fmt.Sprint("R-", i)))
		}
		if _, err := s.restorer.Restore(s.t.Context(), batch); err == nil {
			s.t.Fatalf("a batch of %d was accepted", len(batch))
		}
		s.wantFound("limit=10")
		for i, r := range s.restore(batch[:ports.MaxBatch]...) {
			s.wantHeading(r.Change, property.OpInsert, batch[i].ID, batch[i].Version)
		}
		s.restore()
	}},
	{"a_cancelled_context_ends_a_restore",
		"Restore and PreviewRestore return an error that wraps context.Canceled when their context is cancelled.",
		func(s restoreShelf) {
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.restorer.Restore(ctx, []property.Property{s.exported(1, 7)})
			s.wantError("Restore", err, context.Canceled)
			_, err = s.restorer.PreviewRestore(ctx, []property.Property{s.exported(1, 7)})
			s.wantError("PreviewRestore", err, context.Canceled)
			s.wantFound("limit=10")
		}},
}
