package main

import (
	"context"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// liveFeed is the change feed, and for those who stay with it a second way in: what the follower has just read is told from
// memory, so that any number of them costs the database nothing as long as they keep up. Whoever is further behind reads by
// themselves.
type liveFeed struct {
	ports.ChangeFeed

	mu    sync.Mutex
	pages []livePage    // the newest ones, in order
	news  chan struct{} // closed when there is something new
}

// livePage is a page of the feed and the cursor before it.
type livePage struct {
	after ports.FeedCursor
	ports.FeedPage
}

// Of the newest pages so many are kept, and of their changes together so many.
const (
	livePages   = 256
	liveChanges = 10_000
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
		if l.pages[i].after == after {
			page := l.pages[i].FeedPage
			page.More = page.More || i < len(l.pages)-1 // whoever asked for News after a page was told does not hear of it
			return page, true
		}
	}
	return ports.FeedPage{}, false
}

// tell keeps the pages that the follower has read, where there is something on them, and wakes those who wait for news:
// that there is more than pages hold, too.
func (l *liveFeed) tell(pages []livePage, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := len(l.pages)
	for _, page := range pages {
		if len(page.Changes) > 0 {
			l.pages = append(l.pages, page)
		}
	}
	if len(l.pages) == told && !more {
		return
	}
	l.trim()
	close(l.news)
	l.news = make(chan struct{})
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
