package porttest

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ChangeFeed checks that a feed keeps every promise of ports.ChangeFeed. newStore returns an empty repository and the
// feed of its changes at each call.
func ChangeFeed(t *testing.T, newStore func(t *testing.T) (ports.PropertyRepository, ports.ChangeFeed)) {
	runCases(t, feedCases, func(t *testing.T) stream {
		repo, feed := newStore(t)
		return stream{shelf{t, repo}, feed}
	})
}

var feedCases = concat(deliveryCases, pagingCases, snapshotCases, pruneCases, followingCases)

// stream is a shelf together with the feed of its changes.
type stream struct {
	shelf
	feed ports.ChangeFeed
}

func (s stream) read(after ports.FeedCursor, limit int) ports.FeedPage {
	s.t.Helper()
	page, err := s.feed.Changes(s.t.Context(), after, limit)
	if err != nil {
		s.t.Fatalf("read %d changes after %q: %v", limit, after, err)
	}
	if len(page.Changes) > limit {
		s.t.Fatalf("a page of at most %d changes has %d", limit, len(page.Changes))
	}
	return page
}

// follow reads from a cursor to the end in pages of at most limit changes.
func (s stream) follow(after ports.FeedCursor, limit int) ([]property.Change, ports.FeedPage) {
	s.t.Helper()
	var delivered []property.Change
	for range 10_000 {
		page := s.read(after, limit)
		delivered = append(delivered, page.Changes...)
		if !page.More {
			return delivered, page
		}
		if len(page.Changes) == 0 {
			s.t.Fatalf("a page without changes has More set")
		}
		after = page.Next
	}
	s.t.Fatalf("the feed never ends")
	return nil, ports.FeedPage{}
}

func (s stream) head() ports.FeedCursor {
	s.t.Helper()
	cursor, _, err := s.feed.Head(s.t.Context(), 0)
	if err != nil {
		s.t.Fatalf("read the head: %v", err)
	}
	return cursor
}

func (s stream) prune(before time.Time) int64 {
	s.t.Helper()
	removed, err := s.feed.Prune(s.t.Context(), before)
	if err != nil {
		s.t.Fatalf("prune: %v", err)
	}
	return removed
}

// write makes one change of each sort and returns the changes that the repository reported.
func (s stream) write() []property.Change {
	s.t.Helper()
	var made []property.Change
	made = append(made, s.inserted(s.full(1)), s.inserted(s.draft(2)))
	made = append(made, s.update(s.find(numbered(1)), price(5), func(d *property.Details) { d.Photos = nil }))
	for _, u := range s.upsert(s.full(9, title("again")), s.draft(3, reference("three"))) {
		made = append(made, u.Change)
	}
	made = append(made, s.update(s.find(numbered(2)), title("two")))
	made = append(made, s.delete(numbered(2), 0))
	return append(made, s.inserted(s.draft(2, title("reborn"))))
}

func (s stream) inserted(p property.Property) property.Change {
	s.t.Helper()
	creation, err := s.repo.Create(s.t.Context(), p, nil)
	if err != nil {
		s.t.Fatalf("create listing %s: %v", p.ID, err)
	}
	return creation.Change
}

// wantDelivered checks that these changes were delivered, each once. Those of one listing must come in this order.
func (s stream) wantDelivered(delivered, made []property.Change) {
	s.t.Helper()
	if len(delivered) != len(made) {
		s.t.Fatalf("%d changes were made and %d were delivered: %s", len(made), len(delivered), headings(delivered))
	}
	waiting := byListing(made)
	for _, c := range delivered {
		if len(waiting[c.ID]) == 0 {
			s.t.Fatalf("more changes of %s were delivered than made: %s", c.ID, headings(delivered))
		}
		s.wantChange(c, waiting[c.ID][0])
		waiting[c.ID] = waiting[c.ID][1:]
	}
}

func (s stream) wantChange(got, want property.Change) {
	s.t.Helper()
	s.wantHeading(got, want.Op, want.ID, want.Version)
	if (got.Before == nil) != (want.Before == nil) || (got.After == nil) != (want.After == nil) {
		s.t.Fatalf("the %s of %s is delivered with other images: before %t, after %t", got.Op, got.ID, got.Before != nil,
			got.After != nil)
	}
	if want.Before != nil {
		s.wantBefore(got, *want.Before)
	}
	if want.After != nil {
		s.wantSame("the image after", *got.After, *want.After)
	}
	if want.Tx != 0 && got.Tx != want.Tx {
		s.t.Fatalf("the %s of %s was made by transaction %d and delivered as of %d", got.Op, got.ID, want.Tx, got.Tx)
	}
	if got.At.IsZero() || got.At.Location() != time.UTC {
		s.t.Fatalf("the %s of %s was made at %v", got.Op, got.ID, got.At)
	}
}

func byListing(changes []property.Change) map[property.ID][]property.Change {
	lists := make(map[property.ID][]property.Change)
	for _, c := range changes {
		lists[c.ID] = append(lists[c.ID], c)
	}
	return lists
}

// headings describes a list of changes in few words.
func headings(changes []property.Change) (text string) {
	for _, c := range changes {
		text += " " + string(c.Op) + " of " + c.ID.String()
	}
	return text
}
