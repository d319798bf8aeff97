package porttest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestWrongChangeFeedsAreNoticed(t *testing.T) {
	for _, w := range wrongFeeds {
		testWrong(t, w, feedCases, func(r reporter, bend func(ports.ChangeFeed) ports.ChangeFeed) stream {
			repo := memory.NewPropertyRepository(time.Now)
			return stream{shelf{r, repo}, bend(memory.NewChangeFeed(repo))}
		})
	}
}

// misread is a feed with some of its methods replaced.
type misread struct {
	ports.ChangeFeed
	changes func(context.Context, ports.FeedCursor, int) (ports.FeedPage, error)
	head    func(context.Context, int) (ports.FeedCursor, freshness.Point, error)
	prune   func(context.Context, time.Time) (int64, error)
}

func (m misread) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	if m.changes != nil {
		return m.changes(ctx, after, limit)
	}
	return m.ChangeFeed.Changes(ctx, after, limit)
}

func (m misread) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	if m.head != nil {
		return m.head(ctx, back)
	}
	return m.ChangeFeed.Head(ctx, back)
}

func (m misread) Prune(ctx context.Context, before time.Time) (int64, error) {
	if m.prune != nil {
		return m.prune(ctx, before)
	}
	return m.ChangeFeed.Prune(ctx, before)
}

// withPages changes the pages of a feed.
func withPages(bend func(after ports.FeedCursor, limit int,
	page *ports.FeedPage)) func(ports.ChangeFeed) ports.ChangeFeed {
	return func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, changes: func(ctx context.Context, after ports.FeedCursor,
			limit int) (ports.FeedPage, error) {
			page, err := right.Changes(ctx, after, limit)
			bend(after, limit, &page)
			return page, err
		}}
	}
}

// withChanges changes each change of a feed.
func withChanges(bend func(*property.Change)) func(ports.ChangeFeed) ports.ChangeFeed {
	return withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		for i := range page.Changes {
			bend(&page.Changes[i])
		}
	})
}

type wrongFeed = wrong[ports.ChangeFeed]

var anyCase = []string{"*"}

var wrongFeeds = []wrongFeed{
	{"deletes are lost", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Changes = slices.DeleteFunc(page.Changes, func(c property.Change) bool { return c.Op == property.OpDelete })
	}), []string{"every_change_is_delivered_once", "the_feed_rebuilds_the_table"}, anyCase},
	{"changes are delivered twice", withPages(func(_ ports.FeedCursor, limit int, page *ports.FeedPage) {
		if n := len(page.Changes); n > 0 && n < limit {
			page.Changes = append(page.Changes, page.Changes[n-1])
		}
	}), []string{"every_change_is_delivered_once"}, anyCase},
	{"changes are delivered backwards",
		withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) { slices.Reverse(page.Changes) }),
		[]string{"every_change_is_delivered_once", "the_feed_rebuilds_the_table"}, anyCase},
	{"only the newest state of a page is delivered", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		newest := map[property.ID]int64{}
		for _, c := range page.Changes {
			newest[c.ID] = c.Version
		}
		page.Changes = slices.DeleteFunc(page.Changes, func(c property.Change) bool { return c.Version < newest[c.ID] })
	}), []string{"every_change_is_delivered_once"}, anyCase},
	{"updates have no image before", withChanges(func(c *property.Change) { c.Before = nil }),
		[]string{"every_change_is_delivered_once"}, anyCase},
	{"images lack the photos", withChanges(func(c *property.Change) {
		if c.After != nil {
			after := *c.After
			after.Photos = nil
			c.After = &after
		}
	}), []string{"every_change_is_delivered_once", "the_feed_rebuilds_the_table"}, anyCase},
	{"transactions are numbered anew", withChanges(func(c *property.Change) { c.Tx += 1000 }),
		[]string{"every_change_is_delivered_once", "the_snapshot_sees_what_was_delivered"}, anyCase},
	{"changes have no time", withChanges(func(c *property.Change) { c.At = time.Time{} }),
		[]string{"every_change_is_delivered_once"}, anyCase},
	{"changes have actors", withChanges(func(c *property.Change) { c.Actor = "anna" }),
		[]string{"the_feed_omits_actors"}, nil},
	{"pages are too long", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, changes: func(ctx context.Context, after ports.FeedCursor,
			limit int) (ports.FeedPage, error) {
			return right.Changes(ctx, after, limit+1)
		}}
	}, []string{"pages_of_any_size_deliver_the_same"}, anyCase},
	{"pages are bounded in changes only", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right,
			changes: func(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
				page, err := right.Changes(ctx, after, limit)
				for err == nil && page.More && len(page.Changes) < limit {
					before := page
					page, err = right.Changes(ctx, before.Next, limit-len(before.Changes))
					page.Changes, page.Cursors = append(before.Changes, page.Changes...), append(before.Cursors, page.Cursors...)
				}
				return page, err
			}}
	}, []string{"a_page_of_large_changes_ends_early"}, nil},
	{"more is never set", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) { page.More = false }),
		[]string{"more_says_that_changes_wait", "pages_of_any_size_deliver_the_same"}, anyCase},
	{"more is set on a full page",
		withPages(func(_ ports.FeedCursor, limit int, page *ports.FeedPage) { page.More = len(page.Changes) == limit }),
		[]string{"more_says_that_changes_wait"}, anyCase},
	{"next repeats the last change", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		if at, err := strconv.Atoi(string(page.Next)); err == nil && len(page.Changes) > 1 {
			page.Next = ports.FeedCursor(strconv.Itoa(at - 1))
		}
	}), []string{"next_stands_behind_the_page", "pages_of_any_size_deliver_the_same"}, anyCase},
	{"next skips a change", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		if at, err := strconv.Atoi(string(page.Next)); err == nil && page.More {
			page.Next = ports.FeedCursor(strconv.Itoa(at + 1))
		}
	}), []string{"pages_of_any_size_deliver_the_same"}, anyCase},
	{"next is lost on an empty page", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		if len(page.Changes) == 0 {
			page.Next = ""
		}
	}), []string{"next_stands_behind_the_page"}, []string{"following_while_others_write_misses_nothing"}},
	{"any cursor will do", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, changes: func(ctx context.Context, after ports.FeedCursor,
			limit int) (ports.FeedPage, error) {
			if _, err := strconv.Atoi(string(after)); err != nil {
				after = ""
			}
			return right.Changes(ctx, after, limit)
		}}
	}, []string{"a_foreign_cursor_is_refused"}, nil},
	{"a gone cursor begins again", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, changes: func(ctx context.Context, after ports.FeedCursor,
			limit int) (ports.FeedPage, error) {
			page, err := right.Changes(ctx, after, limit)
			if err != nil && page.Next == "" && ctx.Err() == nil {
				if _, foreign := strconv.Atoi(string(after)); foreign == nil {
					return right.Changes(ctx, "", limit)
				}
			}
			return page, err
		}}
	}, []string{
		"a_cursor_into_pruned_changes_is_gone", "an_emptied_feed_goes_on",
	}, []string{"a_foreign_cursor_is_refused"}},
	{"cursors are not made for URLs", func(right ports.ChangeFeed) ports.ChangeFeed {
		bare := func(c ports.FeedCursor) ports.FeedCursor {
			if c != "" && c[0] == '#' {
				return c[1:]
			}
			return c
		}
		return misread{ChangeFeed: right,
			changes: func(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
				page, err := right.Changes(ctx, bare(after), limit)
				page.Next = "#" + page.Next
				return page, err
			},
			head: func(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
				cursor, place, err := right.Head(ctx, back)
				return "#" + cursor, place, err
			}}
	}, []string{"cursors_are_safe_in_urls"}, nil},
	{"the head stands at the beginning", withHead(func(cursor *ports.FeedCursor, _ *freshness.Point) { *cursor = "" }),
		[]string{"head_stands_behind_every_change"}, anyCase},
	{"the head's snapshot has seen nothing",
		withHead(func(_ *ports.FeedCursor, p *freshness.Point) { p.Snapshot = freshness.Snapshot{} }),
		[]string{"the_heads_snapshot_sees_what_was_made", "head_goes_back_to_the_newest_changes"}, nil},
	{"the head's snapshot has seen the future",
		withHead(func(_ *ports.FeedCursor, p *freshness.Point) { p.Snapshot = freshness.Snapshot{Xmin: 1000, Xmax: 1000} }),
		[]string{"the_heads_snapshot_sees_what_was_made", "head_goes_back_to_the_newest_changes"}, nil},
	{"the head never goes back", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, head: func(ctx context.Context, _ int) (ports.FeedCursor, freshness.Point, error) {
			return right.Head(ctx, 0)
		}}
	}, []string{"head_goes_back_to_the_newest_changes", "head_does_not_go_back_into_pruned_changes"}, nil},
	{"the head goes back further than its point says", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, head: func(ctx context.Context, back int) (ports.FeedCursor, freshness.Point,
			error) {
			cursor, _, err := right.Head(ctx, back)
			if err != nil {
				return "", freshness.Point{}, err
			}
			_, now, err := right.Head(ctx, 0)
			return cursor, now, err
		}}
	}, []string{"head_goes_back_to_the_newest_changes"}, nil},
	{"changes have the cursor before them", withPages(func(after ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Cursors = append([]ports.FeedCursor{after}, page.Cursors...)[:len(page.Cursors)]
	}), []string{"every_change_has_its_cursor", "a_long_page_is_one_page"}, nil},
	{"every page is of another epoch", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Point.Epoch = time.Now().String()
	}), []string{"the_epoch_stays"}, nil},
	{"the epoch has no name", func(right ports.ChangeFeed) ports.ChangeFeed {
		nameless := withHead(func(_ *ports.FeedCursor, p *freshness.Point) { p.Epoch = "" })(right)
		return withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) { page.Point.Epoch = "" })(nameless)
	}, []string{"the_epoch_stays"}, nil},
	{"a snapshot lacks the last transaction", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Point.Snapshot.Xmin, page.Point.Snapshot.Xmax = page.Point.Snapshot.Xmin-1, page.Point.Snapshot.Xmax-1
	}), []string{"the_snapshot_sees_what_was_delivered"}, nil},
	{"a snapshot has seen the future", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Point.Snapshot.Xmin, page.Point.Snapshot.Xmax = page.Point.Snapshot.Xmin+1, page.Point.Snapshot.Xmax+1
	}), []string{"the_snapshot_sees_what_was_delivered"}, nil},
	{"nothing is pruned", withPrune(func(context.Context, ports.ChangeFeed, time.Time) (int64, error) { return 0, nil }),
		[]string{"prune_removes_what_is_old"}, anyCase},
	{"everything is pruned", withPrune(func(ctx context.Context, right ports.ChangeFeed, before time.Time) (int64, error) {
		return right.Prune(ctx, before.AddDate(1, 0, 0))
	}), []string{"prune_removes_what_is_old", "a_cursor_behind_pruned_changes_is_good"}, nil},
	{"the bound of pruning is included",
		withPrune(func(ctx context.Context, right ports.ChangeFeed, before time.Time) (int64, error) {
			return right.Prune(ctx, before.Add(time.Microsecond))
		}), []string{"prune_removes_what_is_old", "a_cursor_behind_pruned_changes_is_good"}, nil},
	{"only one change is pruned",
		withPrune(func(ctx context.Context, right ports.ChangeFeed, before time.Time) (int64, error) {
			page, err := right.Changes(ctx, "", 2)
			if err != nil || len(page.Changes) < 2 {
				return right.Prune(ctx, before)
			}
			return right.Prune(ctx, page.Changes[0].At.Add(time.Nanosecond))
		}), []string{"prune_removes_what_is_old"}, anyCase},
	{"every prune counts what it found", func(right ports.ChangeFeed) ports.ChangeFeed {
		var once sync.Once
		var first int64
		return misread{ChangeFeed: right, prune: func(ctx context.Context, before time.Time) (n int64, err error) {
			n, err = right.Prune(ctx, before)
			once.Do(func() { first = n })
			return first, err
		}}
	}, []string{"prune_removes_what_is_old", "concurrent_prunes_remove_each_change_once"}, nil},
	{"contexts are ignored", func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, changes: func(ctx context.Context, after ports.FeedCursor,
			limit int) (ports.FeedPage, error) {
			return right.Changes(context.WithoutCancel(ctx), after, limit)
		}}
	}, []string{"a_cancelled_context_ends_following"}, nil},
	{"every fifth version is lost", withPages(func(_ ports.FeedCursor, _ int, page *ports.FeedPage) {
		page.Changes = slices.DeleteFunc(page.Changes, func(c property.Change) bool { return c.Version%5 == 0 })
	}), []string{"following_while_others_write_misses_nothing"}, anyCase},
}

func withHead(bend func(*ports.FeedCursor, *freshness.Point)) func(ports.ChangeFeed) ports.ChangeFeed {
	return func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, head: func(ctx context.Context, back int) (ports.FeedCursor, freshness.Point,
			error) {
			cursor, place, err := right.Head(ctx, back)
			bend(&cursor, &place)
			return cursor, place, err
		}}
	}
}

func withPrune(bend func(context.Context, ports.ChangeFeed, time.Time) (int64,
	error)) func(ports.ChangeFeed) ports.ChangeFeed {
	return func(right ports.ChangeFeed) ports.ChangeFeed {
		return misread{ChangeFeed: right, prune: func(ctx context.Context, before time.Time) (int64, error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			return bend(ctx, right, before)
		}}
	}
}
