package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/ports"
)

// LiveFeed is the change feed, with a way to wait for more of it.
type LiveFeed interface {
	ports.ChangeFeed
	// Follow is like Changes for a reader that waits for Changed at the end: the page may lack changes that are already
	// committed. All streams that get the page share its text, which is read-only.
	Follow(ctx context.Context, after ports.FeedCursor, limit int) (EventPage, error)
	// Changed returns a channel that is closed when a read that begins now could miss changes.
	Changed() <-chan struct{}
}

// EventPage is a page of the change feed as a stream sends it.
type EventPage struct {
	Events []byte
	Next   ports.FeedCursor
	More   bool
	Shared bool // all streams hold the same text
}

// Events encodes the changes of a page as server-sent events (HTML standard, section 9.2). The id of each event is the
// cursor behind it.
func Events(page *ports.FeedPage) EventPage {
	var b []byte
	for i := range page.Changes {
		b = append(append(b, "id: "...), page.Cursors[i]...)
		b = append(append(b, "\nevent: "...), page.Changes[i].Op...)
		b = append(appendChange(append(b, "\ndata: "...), &page.Changes[i]), "\n\n"...)
	}
	return EventPage{Events: b, Next: page.Next, More: page.More}
}

const (
	eventStreamType = "text/event-stream"
	lastEventID     = "Last-Event-Id"
	// heartbeat is how often an idle stream sends something. Proxies then do not take the stream for dead, and a
	// client that comes back later has a cursor that is still valid.
	heartbeat = 15 * time.Second
	// streamPage is how many changes a stream reads at a time; one page of them is all that the server holds for a
	// slow client. A stream waits streamPause after a read that reached the end of the feed, and streamShare more for
	// each open stream. Many small commits then become few reads: 1,000 streams send about 20,000 times a second at
	// most.
	streamPage  = maxChanges
	streamPause = 10 * time.Millisecond
	streamShare = 40 * time.Microsecond
	// streamRetry is the pause after a failed read of the feed.
	streamRetry = time.Second
)

// IsStream reports whether a request asks for server-sent events, which last as long as the client stays.
func IsStream(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == route.Changes && wantsEvents(r)
}

func wantsEvents(r *http.Request) bool {
	for _, line := range r.Header["Accept"] {
		for media := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(media, ";")
			if strings.EqualFold(strings.TrimSpace(name), eventStreamType) {
				return true
			}
		}
	}
	return false
}

// stream answers GET /v1/changes with server-sent events, one per change. It sends nothing before the cursor has proved
// valid, so that an invalid one is still answered with a problem.
func (a *API) stream(w http.ResponseWriter, r *http.Request, after ports.FeedCursor) error {
	release, err := a.streamShares.take(w)
	if err != nil {
		return err
	}
	defer release()
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return problem.Refuse(problem.Unavailable,
			"Too many streams are open; try again later, or read the changes page by page.")
	}
	if ids := r.Header[lastEventID]; len(ids) > 0 {
		after = ports.FeedCursor(ids[0])
	}
	s := &eventStream{IdleWriter: exchange.NewIdleWriter(w), after: after, room: a.Views.Send}
	more := a.Feed.Changed()
	page, err := a.Feed.Follow(r.Context(), s.after, streamPage)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", eventStreamType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	for err = s.send(&page); err == nil; {
		if !page.More {
			s.wait(r.Context(), a.Draining, more, streamPause+time.Duration(len(a.streams))*streamShare)
		}
		more = a.Feed.Changed()
		page, err = a.Feed.Follow(r.Context(), s.after, streamPage)
		switch {
		case err == nil:
			err = s.send(&page)
		case errors.Is(err, ports.ErrUnavailable) && r.Context().Err() == nil:
			err = s.send(&EventPage{Next: s.after})
			page.More = true // the changes waited for are still unread
			pause(r.Context(), streamRetry)
		}
		if closed(a.Draining) {
			return nil
		}
	}
	return nil // the client has left, or gets the error when it comes back
}

// eventStream is a response of server-sent events.
type eventStream struct {
	*exchange.IdleWriter

	after  ports.FeedCursor // the cursor that the client has
	sent   time.Time
	unsent bool // something has been written and not been flushed
	room   func(bytes int) (sent func(), err error)
}

// send sends the events of a page, at once or, if more follow, with those of the next page. A page without events
// advances the client's cursor at each heartbeat; otherwise the cursor of an idle client would expire.
func (s *eventStream) send(page *EventPage) error {
	s.after = page.Next
	text := page.Events
	if len(text) == 0 {
		if time.Since(s.sent) < heartbeat {
			return s.flush(page)
		}
		text = []byte(": still here\nid: " + string(page.Next) + "\n\n")
	}
	s.sent = time.Now()
	if !page.Shared {
		sent, err := s.room(len(text))
		if err != nil {
			return err // the client reconnects for it
		}
		defer sent()
	}
	if _, err := s.Write(text); err != nil {
		return err
	}
	s.unsent = true
	return s.flush(page)
}

// flush sends what has been written, unless more follows the page at once.
func (s *eventStream) flush(page *EventPage) error {
	if page.More || !s.unsent {
		return nil
	}
	s.unsent = false
	return s.Flush()
}

// wait returns some time after a notification, when a heartbeat is due, or when the stream has to end.
func (s *eventStream) wait(ctx context.Context, draining, more <-chan struct{}, after time.Duration) {
	due := time.NewTimer(time.Until(s.sent.Add(heartbeat)))
	defer due.Stop()
	select {
	case <-more:
		pause(ctx, after)
	case <-due.C:
	case <-draining:
	case <-ctx.Done():
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
