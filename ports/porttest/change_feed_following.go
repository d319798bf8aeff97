package porttest

import (
	"errors"
	"sync/atomic"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var followingCases = []suiteCase[stream]{
	{"following_while_others_write_misses_nothing",
		"A reader that pages through the feed gets every change exactly once, in whatever order transactions commit.",
		func(s stream) {
			const writers, rounds = 4, 15
			var writing atomic.Int32
			writing.Store(writers)
			var delivered []property.Change
			cursor := s.head()
			errs := together(writers+1, func(i int) (err error) {
				if i < writers {
					defer writing.Add(-1)
					return s.writeRounds(i, rounds)
				}
				delivered, err = s.followWhile(cursor, func() bool { return writing.Load() > 0 })
				return err
			})
			if err := errors.Join(errs...); err != nil {
				s.t.Fatalf("writing and following: %v", err)
			}
			s.wantEachVersionOnce(delivered, writers, rounds)
		}},
}

// followWhile reads in small pages until the writing has ended and nothing more comes.
func (s stream) followWhile(after ports.FeedCursor, writing func() bool) ([]property.Change, error) {
	var delivered []property.Change
	for {
		last := !writing()
		page, err := s.feed.Changes(s.t.Context(), after, 3)
		if err != nil || last && len(page.Changes) == 0 {
			return delivered, err
		}
		delivered, after = append(delivered, page.Changes...), page.Next
	}
}

// writeRounds creates a listing and updates it until it has as many versions as there are rounds.
func (s stream) writeRounds(writer, rounds int) error {
	p := s.draft(writer)
	if _, err := s.repo.Create(s.t.Context(), p, nil); err != nil {
		return err
	}
	for p.Version = 1; p.Version < int64(rounds); p.Version++ {
		if _, err := s.repo.Update(s.t.Context(), p); err != nil {
			return err
		}
	}
	return nil
}

func (s stream) wantEachVersionOnce(delivered []property.Change, listings, versions int) {
	s.t.Helper()
	lists := byListing(delivered)
	if len(lists) != listings {
		s.t.Fatalf("changes of %d listings were delivered, not of %d", len(lists), listings)
	}
	for id, list := range lists {
		if len(list) != versions {
			s.t.Fatalf("%d changes of %s were delivered, not %d", len(list), id, versions)
		}
		for i, c := range list {
			if c.Version != int64(i+1) {
				s.t.Fatalf("change %d of %s has version %d", i+1, id, c.Version)
			}
		}
	}
}
