package follow

import (
	"slices"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// LiveFeed is the change feed, and for those who stay with it a second way in: what the follower has just read is told from
// memory, encoded once for all, so that any number of them costs the database nothing as long as they keep up.
// Whoever is further behind reads by themselves.
type LiveFeed struct {
	ports.ChangeFeed
	maxBytes int64 // that the pages may weigh
	encode   func(*ports.FeedPage) []byte

	mu    sync.Mutex
	pages []LivePage    // the newest ones with changes, in order
	ends  ends          // where those stand who know of all of them
	taken bool          // somebody stands at the last of the ends
	news  chan struct{} // closed when there is something new
}

// LivePage is a page of the feed and where those stand who have not been told of it and know of everything before.
type LivePage struct {
	after   ends
	Next    ports.FeedCursor
	More    bool
	changes int
	weight  int64         // of the changes, which is about what their text takes
	Text    func() []byte // the changes as events; encoded when somebody first asks
}

// newLivePage takes of the changes what events show.
func newLivePage(after ends, page ports.FeedPage, encode func(*ports.FeedPage) []byte) LivePage {
	page.Changes = slices.Clone(page.Changes)
	weight := int64(0)
	for i := range page.Changes {
		page.Changes[i].Before = nil
		weight += int64(page.Changes[i].Weight())
	}
	return LivePage{
		after: after, Next: page.Next, More: page.More, changes: len(page.Changes), weight: weight,
		Text: sync.OnceValue(func() []byte { return encode(&page) }),
	}
}

// ends are cursors between which nothing has changed, though a database may have moved on for other reasons; the last one
// is where the follower stands.
type ends []ports.FeedCursor

// Of the newest pages so many are kept, and of their changes together so many, within the feed's bytes; of the cursors
// before a page as many as there may be streams, and more.
const (
	livePages   = 256
	liveChanges = 10_000
	liveEnds    = 1_024
)

// NewLiveFeed makes a live feed that holds nothing yet. The pages may weigh so many bytes; encode writes the changes of
// one as events.
func NewLiveFeed(feed ports.ChangeFeed, maxBytes int64, encode func(*ports.FeedPage) []byte) *LiveFeed {
	return &LiveFeed{ChangeFeed: feed, maxBytes: maxBytes, encode: encode, news: make(chan struct{})}
}

// News is closed when there may be changes that a reading which begins now would not find.
func (l *LiveFeed) News() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

// Recent returns the page behind a cursor from memory, if memory has it and it has no more changes than limit.
func (l *LiveFeed) Recent(after ports.FeedCursor, limit int) (LivePage, bool) {
	page, ok := l.kept(after)
	return page, ok && page.changes <= limit
}

func (l *LiveFeed) kept(after ports.FeedCursor) (LivePage, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, page := range l.pages {
		if slices.Contains(page.after, after) {
			page.More = page.More || i < len(l.pages)-1 // whoever asked for News after a page was told does not hear of it
			return page, true
		}
	}
	if slices.Contains(l.ends, after) {
		l.taken = true
		return LivePage{Next: l.ends[len(l.ends)-1], Text: func() []byte { return nil }}, true
	}
	return LivePage{}, false
}

// readPage is a page that the follower has read, and the cursor before it.
type readPage struct {
	after ports.FeedCursor
	ports.FeedPage
}

// tell keeps the pages that the follower has read, where there is something on them, and wakes those who wait for news.
// When there is more than the pages hold, all have to read it by themselves.
func (l *LiveFeed) tell(pages []readPage, more bool) {
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
			l.pages = append(l.pages, newLivePage(l.ends, page.FeedPage, l.encode))
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
func (l *LiveFeed) moveOn(to ports.FeedCursor) {
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
func (l *LiveFeed) trim() {
	changes, weight, from := 0, int64(0), len(l.pages)
	for from > 0 && len(l.pages)-from < livePages {
		changes += l.pages[from-1].changes
		weight += l.pages[from-1].weight
		if changes > liveChanges || weight > l.maxBytes {
			break
		}
		from--
	}
	l.pages = append([]LivePage(nil), l.pages[from:]...)
}
