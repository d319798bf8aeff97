package porttest

import (
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var snapshotCases = []suiteCase[stream]{
	{"the_epoch_stays",
		"As long as nothing happens to the database, every page and every head has the same, non-empty epoch.",
		func(s stream) {
			_, start, err := s.feed.Head(s.t.Context(), 0)
			if err != nil || start.Epoch == "" {
				s.t.Fatalf("the head has the epoch %q, error %v", start.Epoch, err)
			}
			s.write()
			_, last := s.follow("", 3)
			_, end, err := s.feed.Head(s.t.Context(), 2)
			if err != nil || last.Point.Epoch != start.Epoch || end.Epoch != start.Epoch || s.read("", 1).
				Point.Epoch != start.Epoch {
				s.t.Fatalf("the epoch was %q and became %q and %q, error %v", start.Epoch, last.Point.Epoch, end.Epoch, err)
			}
		}},
	{"the_snapshot_sees_what_was_delivered",
		"When nothing is waiting, the snapshot sees every change delivered so far and none made later.", func(s stream) {
			s.write()
			delivered, last := s.follow("", 3)
			for _, c := range delivered {
				if !last.Point.Snapshot.Sees(c.Tx) {
					s.t.Fatalf("the snapshot %s does not see transaction %d, which was delivered", last.Point.Snapshot, c.Tx)
				}
			}
			if later := s.wantNext(last.Next, s.inserted(s.draft(50))); later.Tx != 0 && last.Point.Snapshot.Sees(later.Tx) {
				s.t.Fatalf("the snapshot %s sees transaction %d, which came later", last.Point.Snapshot, later.Tx)
			}
		}},
	{"the_heads_snapshot_sees_what_was_made", "Head's snapshot sees every change committed so far and none made later.",
		func(s stream) {
			s.write()
			cursor, point, err := s.feed.Head(s.t.Context(), 0)
			if err != nil {
				s.t.Fatalf("read the head: %v", err)
			}
			delivered, _ := s.follow("", 100)
			for _, c := range delivered {
				if !point.Snapshot.Sees(c.Tx) {
					s.t.Fatalf("the head's snapshot %s does not see transaction %d", point.Snapshot, c.Tx)
				}
			}
			if later := s.wantNext(cursor, s.inserted(s.draft(50))); later.Tx != 0 && point.Snapshot.Sees(later.Tx) {
				s.t.Fatalf("the head's snapshot %s sees transaction %d, which came later", point.Snapshot, later.Tx)
			}
		}},
}

// wantNext checks that made is the one change behind the cursor, and returns it as delivered.
func (s stream) wantNext(after ports.FeedCursor, made property.Change) property.Change {
	s.t.Helper()
	delivered, _ := s.follow(after, 10)
	s.wantDelivered(delivered, []property.Change{made})
	return delivered[0]
}
