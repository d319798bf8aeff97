package main

import (
	"context"
	"slices"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// liveFeed is the change feed, and for those who stay with it a second way in: what the follower has just read is told from
// memory, so that any number of them costs the database nothing as long as they keep up. Whoever is further behind reads by
// themselves.
type liveFeed struct {
	ports.ChangeFeed

	mu    sync.Mutex
	pages []livePage    // the newest ones with changes, in order
	ends  ends          // where those stand who know of all of them
	taken bool          // somebody stands at the last of the ends
	news  chan struct{} // closed when there is something new
}

// livePage is a page of the feed and where those stand who have not been told of it and know of everything before.
type livePage struct {
	after ends
	ports.FeedPage
}

// ends are cursors between which nothing has changed, though a database may have moved on for other reasons; the last one
// is where the follower stands.
type ends []ports.FeedCursor

// Of the newest pages so many are kept, and of their changes together so many; of the cursors before a page as many as
// there may be streams, and more.
const (
	livePages   = 256
	liveChanges = 10_000
	liveEnds    = 1_024
)

func newLiveFeed(feed ports.ChangeFeed) *liveFeed {
	return &liveFeed{ChangeFeed: feed, news: make(chan struct{})}
}

// News is closed when there may be changes that a reading which begins now would not find.
func (l *liveFeed) News() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

// Follow is Changes for those who wait for News at the end of what they get: it need not be all that is committed by now.
func (l *liveFeed) Follow(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	if page, ok := l.kept(after); ok && len(page.Changes) <= limit && ctx.Err() == nil {
		return page, nil
	}
	return l.ChangeFeed.Changes(ctx, after, limit)
}

func (l *liveFeed) kept(after ports.FeedCursor) (ports.FeedPage, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.pages {
		if slices.Contains(l.pages[i].after, after) {
			page := l.pages[i].FeedPage
			page.More = page.More || i < len(l.pages)-1 // whoever asked for News after a page was told does not hear of it
			return page, true
		}
	}
	if slices.Contains(l.ends, after) {
		l.taken = true
		return ports.FeedPage{Next: l.ends[len(l.ends)-1]}, true
	}
	return ports.FeedPage{}, false
}

// readPage is a page that the follower has read, and the cursor before it.
type readPage struct {
	after ports.FeedCursor
	ports.FeedPage
}

// tell keeps the pages that the follower has read, where there is something on them, and wakes those who wait for news.
// When there is more than the pages hold, all have to read it by themselves.
func (l *liveFeed) tell(pages []readPage, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if more {
		l.pages, l.ends = nil, nil
	}
	told := len(l.pages)
	for _, page := range pages {
		if !slices.Contains(l.ends, page.after) { // the follower has begun anew
			l.ends, l.taken = ends{page.after}, true
		}
		if len(page.Changes) > 0 {
			l.pages = append(l.pages, livePage{l.ends, page.FeedPage})
			l.ends = nil
		}
		l.moveOn(page.Next)
	}
	if len(l.pages) == told && !more {
		return
	}
	l.trim()
	close(l.news)
	l.news = make(chan struct{})
}

// moveOn notes where the follower stands now, without anything having changed since the other ends. Of these only those
// are worth keeping at which somebody else may stand. mu is held.
func (l *liveFeed) moveOn(to ports.FeedCursor) {
	n := len(l.ends)
	if n > 0 && l.ends[n-1] == to {
		return
	}
	if n > 0 && !l.taken {
		l.ends = l.ends[:n-1]
	}
	l.ends = append(l.ends, to)
	l.ends = l.ends[max(0, len(l.ends)-liveEnds):]
	l.taken = len(l.ends) == 1 // whoever is told of the last page stands here
}

// trim lets the oldest pages go. mu is held.
func (l *liveFeed) trim() {
	kept, from := 0, len(l.pages)
	for from > 0 && len(l.pages)-from < livePages && kept+len(l.pages[from-1].Changes) <= liveChanges {
		from--
		kept += len(l.pages[from].Changes)
	}
	l.pages = append([]livePage(nil), l.pages[from:]...)
}
