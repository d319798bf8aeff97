package porttest

import (
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var pruneCases = []suiteCase[stream]{
	{"prune_removes_what_is_old",
		"Prune removes the changes made before the time and returns how many; the others stay.", func(s stream) {
			s.write()
			_, last := s.laterChange()
			delivered, _ := s.follow("", 100)
			if removed := s.prune(last.At); removed != int64(len(delivered)-1) {
				s.t.Fatalf("%d changes were removed, not %d", removed, len(delivered)-1)
			}
			if again := s.prune(last.At); again != 0 {
				s.t.Fatalf("pruning again removed %d changes", again)
			}
			s.wantNext("", last)
		}},
	{"a_cursor_into_pruned_changes_is_gone",
		"A cursor behind which changes have been removed is ErrFeedCursorGone.", func(s stream) {
			empty := s.head()
			s.write()
			first := s.read("", 1).Next
			_, last := s.laterChange()
			s.prune(last.At)
			for _, cursor := range []ports.FeedCursor{empty, first} {
				_, err := s.feed.Changes(s.t.Context(), cursor, 10)
				s.wantError("read after a cursor whose changes were removed", err, ports.ErrFeedCursorGone)
			}
		}},
	{"a_cursor_behind_pruned_changes_is_good",
		"A cursor that has all removed changes before it still works, whether changes are left or not.", func(s stream) {
			s.write()
			cursor, last := s.laterChange()
			behind := s.head()
			s.prune(last.At)
			s.wantNext(cursor, last)
			s.prune(last.At.Add(time.Hour))
			if rest, _ := s.follow(behind, 10); len(rest) != 0 {
				s.t.Fatalf("all changes were removed, yet the feed delivers%s", headings(rest))
			}
			s.wantNext(behind, s.inserted(s.draft(60)))
			s.wantFoundMany("limit=10", 4)
		}},
	{"an_emptied_feed_goes_on",
		"When every change has been removed, the empty cursor and the head stand before the next change, and older cursors " +
			"are gone.", func(s stream) {
			s.write()
			old := s.read("", 1).Next
			_, last := s.laterChange()
			s.prune(last.At.Add(time.Hour))
			behind := s.head()
			_, err := s.feed.Changes(s.t.Context(), old, 10)
			s.wantError("read after a cursor whose changes were removed", err, ports.ErrFeedCursorGone)
			made := s.inserted(s.draft(60))
			s.wantNext("", made)
			s.wantNext(behind, made)
		}},
	{"prune_leaves_idempotency_keys", "Prune removes changes and nothing else: an idempotency key is still replayed.",
		func(s stream) {
			first := s.createWithKey(1, "a", "k", "request")
			s.prune(later())
			s.wantReplay(s.createWithKey(2, "a", "k", "request"), first)
		}},
	{"concurrent_prunes_remove_each_change_once",
		"Only one process at a time prunes; together they remove and count each change once.", func(s stream) {
			s.write()
			_, last := s.laterChange()
			delivered, _ := s.follow("", 100)
			counts := together(4, func(int) int64 {
				removed, err := s.feed.Prune(s.t.Context(), last.At.Add(time.Hour))
				if err != nil {
					return -1000
				}
				return removed
			})
			var sum int64
			for _, n := range counts {
				sum += n
			}
			if sum != int64(len(delivered)) {
				s.t.Fatalf("of %d changes, concurrent prunes removed %v", len(delivered), counts)
			}
		}},
}

// laterChange updates a listing until the store's clock has moved past all earlier changes. It returns the last
// update with the cursor right before it.
func (s stream) laterChange() (ports.FeedCursor, property.Change) {
	s.t.Helper()
	delivered, _ := s.follow("", 100)
	newest := delivered[len(delivered)-1].At
	p := s.find(numbered(1))
	for range 10_000 {
		behind := s.head()
		change := s.update(p)
		if delivered := s.wantNext(behind, change); delivered.At.After(newest) {
			return behind, delivered
		}
		p = *s.after(change)
	}
	s.t.Fatalf("the store's clock does not move on")
	return "", property.Change{}
}
