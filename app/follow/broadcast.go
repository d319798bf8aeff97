package follow

import (
	"slices"
	"sync"

	"github.com/gable-listings/gable/ports"
)

// LiveFeed is the change feed with the newest pages in memory for event streams. The follower adds the pages that it
// has just read, each encoded once for all streams, so any number of streams costs the database nothing as long as
// they keep up. A stream that is further behind reads the feed by itself.
type LiveFeed struct {
	ports.ChangeFeed
	maxBytes int64 // bound on the weight of the pages
	encode   func(*ports.FeedPage) []byte

	mu    sync.Mutex
	pages []LivePage    // the newest ones with changes, in order
	ends  ends          // cursors behind all of these pages
	taken bool          // a stream may stand at the last of the ends
	news  chan struct{} // closed when there may be new changes
}

// LivePage is a page of the feed with the cursors that it follows.
type LivePage struct {
	after   ends
	Next    ports.FeedCursor
	More    bool
	changes int
	weight  int64         // of the changes, about the size of their text
	Text    func() []byte // the changes as events; encoded at the first call
}

// newLivePage copies the part of the changes that events show.
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

// ends are equivalent cursors: no change lies between them, because a database's snapshots advance without changes.
// The last one is the follower's current cursor.
type ends []ports.FeedCursor

// Bounds on the memory of a broadcast: its newest pages, their changes together, and the cursors before a page. The
// cursors outnumber the streams.
const (
	livePages   = 256
	liveChanges = 10_000
	liveEnds    = 1_024
)

// NewLiveFeed makes an empty live feed whose pages weigh at most maxBytes. encode writes the changes of a page as
// events.
func NewLiveFeed(feed ports.ChangeFeed, maxBytes int64, encode func(*ports.FeedPage) []byte) *LiveFeed {
	return &LiveFeed{ChangeFeed: feed, maxBytes: maxBytes, encode: encode, news: make(chan struct{})}
}

// Changed returns a channel that closes when there may be changes that a read which begins now would not find.
func (l *LiveFeed) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

// Recent returns the page behind a cursor from memory, if memory has it and it has no more changes than limit.
func (l *LiveFeed) Recent(after ports.FeedCursor, limit int) (LivePage, bool) {
	page, ok := l.lookup(after)
	return page, ok && page.changes <= limit
}

func (l *LiveFeed) lookup(after ports.FeedCursor) (LivePage, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, page := range l.pages {
		if slices.Contains(page.after, after) {
			page.More = page.More || i < len(l.pages)-1 // Changed does not announce pages from before the call
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

// publish adds the pages with changes that the follower has read, and wakes the waiting streams. When there are more
// changes than the pages hold, all streams have to read the feed by themselves.
func (l *LiveFeed) publish(pages []readPage, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if more {
		l.pages, l.ends = nil, nil
	}
	before := len(l.pages)
	for _, page := range pages {
		if !slices.Contains(l.ends, page.after) { // the follower has restarted
			l.ends, l.taken = ends{page.after}, true
		}
		if len(page.Changes) > 0 {
			l.pages = append(l.pages, newLivePage(l.ends, page.FeedPage, l.encode))
			l.ends = nil
		}
		l.moveOn(page.Next)
	}
	if len(l.pages) == before && !more {
		return
	}
	l.trim()
	close(l.news)
	l.news = make(chan struct{})
}

// moveOn records the follower's current cursor, without changes since the other ends. Of those only the ones at which
// a stream may stand are retained. mu is held.
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
	l.taken = len(l.ends) == 1 // a stream that receives the last page stands here
}

// trim removes the oldest pages beyond the bounds. mu is held.
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
