package porttest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

var deliveryCases = []suiteCase[stream]{
	{"every_change_is_delivered_once",
		"Every committed change is delivered exactly once, with both images and its transaction, those of one listing in " +
			"the order in which they were made.", func(s stream) {
			made := s.write()
			delivered, _ := s.follow("", 100)
			s.wantDelivered(delivered, made)
		}},
	{"what_changed_nothing_is_not_delivered",
		"A write that was refused, replayed or found nothing different makes no change.", func(s stream) {
			p := s.create(s.full(1))
			s.createWithKey(2, "a", "k", "request")
			behind := s.head()
			s.createWithKey(3, "a", "k", "request")
			s.upsert(s.full(4))
			p.Version++
			_, err := s.repo.Update(s.t.Context(), p)
			s.wantError("update at another version", err, property.ErrVersionConflict)
			_, err = s.repo.Delete(s.t.Context(), numbered(9), 0)
			s.wantError("delete a missing listing", err, property.ErrNotFound)
			_, err = s.repo.Upsert(s.t.Context(), incoming(s.draft(5, reference("new")), s.draft(2, reference("clash"))))
			s.wantError("upsert a new listing with an id in use", err, property.ErrVersionConflict)
			if delivered, _ := s.follow(behind, 100); len(delivered) != 0 {
				s.t.Fatalf("nothing was changed, yet the feed delivers%s", headings(delivered))
			}
		}},
	{"the_feed_omits_actors", "Neither the feed nor the repository reveals the actor of a change.", func(s stream) {
		s.t = acting{s.t, "anna"}
		made := s.write()
		delivered, _ := s.follow("", 100)
		for _, c := range slices.Concat(made, delivered) {
			if c.Actor != "" {
				s.t.Fatalf("the %s of %s has the actor %q", c.Op, c.ID, c.Actor)
			}
		}
	}},
	{"the_feed_rebuilds_the_table", "Applying the feed from its start rebuilds the table.", func(s stream) {
		s.write()
		s.upsert(s.batch(40)[10:]...)
		s.delete(s.find(numbered(17)).ID, 0)
		delivered, _ := s.follow("", 7)
		s.wantRebuilt(delivered)
	}},
}

// wantRebuilt applies the changes to an empty table and compares it with the store.
func (s stream) wantRebuilt(delivered []property.Change) {
	s.t.Helper()
	table := make(map[property.ID]property.Property)
	for _, c := range delivered {
		if c.After == nil {
			delete(table, c.ID)
			continue
		}
		table[c.ID] = *c.After
	}
	stored := s.search("limit=500").Properties
	if len(table) != len(stored) {
		s.t.Fatalf("the feed makes a table of %d listings where %d are stored", len(table), len(stored))
	}
	for _, p := range stored {
		s.wantSame("the listing rebuilt", table[p.ID], p)
	}
}

// writeLarge makes changes that fill more than two pages.
func (s stream) writeLarge() (made []property.Change) {
	s.t.Helper()
	for _, u := range s.upsert(s.largeBatch(2 * ports.FeedPageBytes)...) {
		made = append(made, u.Change)
	}
	return made
}

var pagingCases = []suiteCase[stream]{
	{"pages_of_any_size_deliver_the_same",
		"Changes returns at most limit changes, and pages of any size together deliver the same.", func(s stream) {
			made := s.write()
			for _, limit := range []int{1, 2, 3, 5, len(made), len(made) + 1} {
				delivered, _ := s.follow("", limit)
				s.wantDelivered(delivered, made)
			}
		}},
	{"a_page_of_large_changes_ends_early",
		"A page ends with the change that brings it to FeedPageBytes; the others follow on the pages after it.",
		func(s stream) {
			made := s.writeLarge()
			delivered, pages := []property.Change(nil), 0
			for page := (ports.FeedPage{More: true}); page.More && pages <= len(made); pages++ {
				page = s.read(page.Next, 1_000)
				weight := 0
				for i := range page.Changes {
					if weight >= ports.FeedPageBytes {
						s.t.Fatalf("a page goes on after change %d, which brings it to %d bytes", i, weight)
					}
					weight += page.Changes[i].Weight()
				}
				if len(page.Changes) == 0 {
					s.t.Fatalf("a page is empty after %d of %d changes", len(delivered), len(made))
				}
				delivered = append(delivered, page.Changes...)
			}
			s.wantDelivered(delivered, made)
			if pages < 2 || pages > len(made)/2 {
				s.t.Fatalf("%d changes come on %d pages", len(made), pages)
			}
		}},
	{"a_long_page_is_one_page",
		"A page is as long as it may be, however the store reads it; each of its cursors continues from its change.",
		func(s stream) {
			behind := s.head()
			var made []property.Change
			for _, u := range s.upsert(s.batch(100)...) {
				made = append(made, u.Change)
			}
			for _, limit := range []int{len(made) - 1, len(made), 1_000} {
				page := s.read(behind, limit)
				if len(page.Changes) != min(limit, len(made)) || len(page.Cursors) != len(page.Changes) {
					s.t.Fatalf("of %d changes a page of %d has %d, with %d cursors", len(made), limit, len(page.Changes),
						len(page.Cursors))
				}
				for _, at := range []int{30, 31, 32, 33, 64, 65, 66, len(page.Changes)} {
					delivered, _ := s.follow(page.Cursors[at-1], 1_000)
					s.wantDelivered(append(slices.Clone(page.Changes[:at]), delivered...), made)
				}
			}
		}},
	{"more_says_that_changes_wait", "More is set exactly when further changes are waiting.", func(s stream) {
		made := s.write()
		if page := s.read("", len(made)-1); !page.More {
			s.t.Fatalf("one change is waiting and More is not set")
		}
		if page := s.read("", len(made)); page.More {
			s.t.Fatalf("no change is waiting and More is set")
		}
	}},
	{"next_stands_behind_the_page",
		"Next is the cursor behind a page's changes: nothing comes after it until the next change, and then only that " +
			"change.", func(s stream) {
			s.write()
			_, last := s.follow("", 3)
			quiet := s.read(last.Next, 10)
			if len(quiet.Changes) != 0 || quiet.More {
				s.t.Fatalf("after the last change comes%s", headings(quiet.Changes))
			}
			made := s.inserted(s.draft(50))
			for _, cursor := range []ports.FeedCursor{last.Next, quiet.Next} {
				delivered, _ := s.follow(cursor, 10)
				s.wantDelivered(delivered, []property.Change{made})
			}
		}},
	{"head_stands_behind_every_change", "Head is the cursor behind every change committed so far.", func(s stream) {
		empty := s.head()
		made := s.write()
		behind := s.head()
		delivered, _ := s.follow(empty, 100)
		s.wantDelivered(delivered, made)
		later := s.inserted(s.draft(50))
		delivered, _ = s.follow(behind, 100)
		s.wantDelivered(delivered, []property.Change{later})
	}},
	{"head_goes_back_to_the_newest_changes",
		"Head returns a cursor about back changes before the end, fewer where fewer are stored; its point has seen all the " +
			"others.", func(s stream) {
			s.write()
			all, _ := s.follow("", 100)
			for _, back := range []int{1, 3, len(all), len(all) + 50} {
				cursor, point, err := s.feed.Head(s.t.Context(), back)
				if err != nil {
					s.t.Fatalf("read the head %d back: %v", back, err)
				}
				delivered, _ := s.follow(cursor, 2)
				if len(delivered) > back || len(delivered) == 0 {
					s.t.Fatalf("%d back from the head come %d changes", back, len(delivered))
				}
				s.wantDelivered(delivered, all[len(all)-len(delivered):])
				for i, c := range all {
					if seen := point.Snapshot.Sees(c.Tx); seen != (i < len(all)-len(delivered)) {
						s.t.Fatalf("%d back from the head change %d of %d is seen by %s: %t", back, i+1, len(all), point.Snapshot, seen)
					}
				}
			}
		}},
	{"head_does_not_go_back_into_pruned_changes",
		"However large back is, every change behind the cursor of Head is still stored.", func(s stream) {
			s.write()
			s.prune(time.Now().Add(time.Hour))
			last := s.inserted(s.draft(50))
			cursor, _, err := s.feed.Head(s.t.Context(), 100)
			if err != nil {
				s.t.Fatalf("read the head 100 back: %v", err)
			}
			s.wantNext(cursor, last)
		}},
	{"every_change_has_its_cursor", "The cursor behind a change is followed by exactly the changes after it.",
		func(s stream) {
			made := s.write()
			for _, limit := range []int{3, 100} {
				page := s.read("", limit)
				if len(page.Cursors) != len(page.Changes) {
					s.t.Fatalf("%d changes have %d cursors", len(page.Changes), len(page.Cursors))
				}
				for i, cursor := range page.Cursors {
					delivered, _ := s.follow(cursor, 100)
					s.wantDelivered(append(slices.Clone(page.Changes[:i+1]), delivered...), made)
				}
			}
		}},
	{"an_empty_feed_is_an_empty_page", "Where nothing has changed, a page is empty and its Next can be followed.",
		func(s stream) {
			page := s.read("", 10)
			if len(page.Changes) != 0 || page.More {
				s.t.Fatalf("an empty feed delivers%s", headings(page.Changes))
			}
			made := s.inserted(s.draft(1))
			delivered, _ := s.follow(page.Next, 10)
			s.wantDelivered(delivered, []property.Change{made})
		}},
	{"a_foreign_cursor_is_refused", "A text that is not a cursor of this feed is ErrInvalidFeedCursor.", func(s stream) {
		s.write()
		garbled := s.head() + "?"
		for _, cursor := range []ports.FeedCursor{"?", " ", "not a cursor", "-1", "' OR 1=1 --", "🏡", "0x1", garbled,
			ports.FeedCursor(strings.Repeat("9", 400))} {
			_, err := s.feed.Changes(s.t.Context(), cursor, 10)
			s.wantError("read after "+string(cursor), err, ports.ErrInvalidFeedCursor)
		}
	}},
	{"cursors_are_safe_in_urls", "A cursor goes into a URL as it is.", func(s stream) {
		s.write()
		for _, cursor := range []ports.FeedCursor{s.head(), s.read("", 1).Next, s.read("", 4).Next} {
			if cursor == "" || url.QueryEscape(string(cursor)) != string(cursor) {
				s.t.Fatalf("the cursor %q has characters that need escaping in a URL", cursor)
			}
		}
	}},
	{"a_cancelled_context_ends_following",
		"Every method returns with an error that wraps context.Canceled when its context is cancelled.", func(s stream) {
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.feed.Changes(ctx, "", 10)
			s.wantError("Changes", err, context.Canceled)
			_, _, err = s.feed.Head(ctx, 0)
			s.wantError("Head", err, context.Canceled)
			_, err = s.feed.Prune(ctx, birth)
			s.wantError("Prune", err, context.Canceled)
		}},
}
