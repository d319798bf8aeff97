package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/web/contracttest"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
)

// eventStream is a stream of changes that a client reads.
type eventStream struct {
	t      *testing.T
	body   *bufio.Reader
	cancel context.CancelFunc
}

// eventPatience is how long an event may be late. It is less than the time between two heartbeats, since an event must
// not wait for one.
const eventPatience = 10 * time.Second

// open requests a stream; headers come in pairs. After another status than 200 the caller reads the body as an
// ordinary answer.
func open(s *apptest.Server, path string, headers ...string) (*http.Response, context.CancelFunc) {
	s.T.Helper()
	ctx, cancel := context.WithCancel(s.T.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+path, http.NoBody)
	if err != nil {
		s.T.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.Client.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _ = response.Body.Close() })
	s.T.Cleanup(cancel)
	return response, cancel
}

func openStream(s *apptest.Server, path string, headers ...string) *eventStream {
	s.T.Helper()
	response, cancel := open(s, path, headers...)
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		s.T.Fatalf("asked for events: status %d, %s", response.StatusCode, got)
	}
	return &eventStream{s.T, bufio.NewReader(response.Body), cancel}
}

// read returns the next event, a heartbeat or a change; io.EOF when the stream has ended.
func (e *eventStream) read() (contracttest.Event, error) {
	late := time.AfterFunc(eventPatience, e.cancel)
	defer late.Stop()
	block := ""
	for !strings.HasSuffix(block, contracttest.EventEnd) {
		line, err := e.body.ReadString('\n')
		if err != nil {
			return contracttest.Event{}, err
		}
		block += line
	}
	return contracttest.ParseEvent(strings.TrimSuffix(block, contracttest.EventEnd))
}

// next returns the next change.
func (e *eventStream) next() contracttest.Event {
	e.t.Helper()
	for {
		event, err := e.read()
		if err != nil {
			e.t.Fatalf("no event came: %v", err)
		}
		if event.Name != "" {
			return event
		}
	}
}

// heartbeat fails the test unless a heartbeat comes next, and returns the cursor that it names.
func (e *eventStream) heartbeat() string {
	e.t.Helper()
	event, err := e.read()
	if err != nil || event.Name != "" || event.ID == "" {
		e.t.Fatalf("not a heartbeat: %+v, %v", event, err)
	}
	return event.ID
}

// expect reads as many changes as wanted and fails the test unless they are these.
func (e *eventStream) expect(want []contracttest.Event) {
	e.t.Helper()
	for i, w := range want {
		if got := e.next(); got.Name != w.Name || got.Data != w.Data || got.ID == "" {
			e.t.Fatalf("event %d is %+v, want %+v", i, got, w)
		}
	}
}

func TestAStreamDeliversEveryChangeInOrderAndResumes(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"before","price":9`)
		stream := openStream(s, "/v1/changes?after=now")
		start := stream.heartbeat()
		p := s.Create(`"title":"followed","price":1`)
		s.Patch(p.ID, `{"price":2}`)
		behind(s, "UPDATE properties SET price = 3 WHERE title = 'followed'")
		behind(s, "INSERT INTO properties (title, price, location) VALUES ('by hand', 4, 'There')")
		s.Do(http.MethodDelete, "/v1/properties/"+p.ID, "").Must(http.StatusNoContent)
		var events []contracttest.Event
		for _, want := range []struct{ name, price string }{
			{"insert", "1.00"}, {"update", "2.00"}, {"update", "3.00"}, {"insert", "4.00"}, {"delete", `"property":null`},
		} {
			event := stream.next()
			if event.Name != want.name || !strings.Contains(event.Data, want.price) {
				t.Errorf("the stream delivers %+v, want %+v", event, want)
			}
			events = append(events, event)
		}
		for i, after := range append([]string{start}, events[0].ID, events[1].ID, events[2].ID, events[3].ID) {
			openStream(s, "/v1/changes", "Last-Event-ID", after).expect(events[i:])
			openStream(s, "/v1/changes?after="+after).expect(events[i:])
			openStream(s, "/v1/changes?after="+events[4].ID, "Last-Event-ID", after).expect(events[i:])
			page := s.Get("/v1/changes?after=" + after).Must(http.StatusOK).Body
			if strings.Count(page, `"op"`) != len(events)-i {
				t.Errorf("the page after event %d is %s", i, page)
			}
		}
		later := openStream(s, "/v1/changes", "Last-Event-ID", events[4].ID)
		later.heartbeat()
		s.Create(`"title":"later","price":5`)
		if event := later.next(); event.Name != "insert" || !strings.Contains(event.Data, `"later"`) {
			t.Errorf("behind the last event came %+v", event)
		}
		if event := stream.next(); !strings.Contains(event.Data, `"later"`) {
			t.Errorf("the first stream goes on with %+v", event)
		}
	})
}

func TestAfterNowDeliversOnlyLaterChanges(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		s.Create(`"title":"before","price":1`)
		type feed struct {
			Changes []struct{} `json:"changes"`
			Next    string     `json:"next"`
		}
		page := apptest.Decoded[feed](s.Get("/v1/changes?after=now").Must(http.StatusOK))
		if len(page.Changes) != 0 || page.Next == "" {
			t.Errorf("now is %+v", page)
		}
		s.Create(`"title":"afterwards","price":1`)
		if got := apptest.Decoded[feed](s.Get("/v1/changes?after=" + page.Next).Must(http.StatusOK)); len(got.Changes) != 1 {
			t.Errorf("after now came %+v", got)
		}
	})
}

func TestAStreamThatIsFarBehindMissesNothing(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		start := openStream(s, "/v1/changes?after=now").heartbeat()
		const rows = 1_200
		var body strings.Builder
		body.WriteString("reference,title,price,location\n")
		for i := range rows {
			fmt.Fprintf(&body, "r-%d,row %d,1,Here\n", i, i)
		}
		s.Do(http.MethodPost, "/v1/imports", body.String(), "Content-Type", "text/csv").Must(http.StatusOK)
		seen := map[string]bool{}
		stream := openStream(s, "/v1/changes", "Last-Event-ID", start)
		for range rows {
			event := stream.next()
			if event.Name != "insert" || seen[event.Data] {
				t.Fatalf("delivered twice, or another event: %+v", event)
			}
			seen[event.Data] = true
		}
	})
}

func TestABulkChangeIsDeliveredAsOneReset(t *testing.T) {
	t.Parallel()
	s := apptest.Services.Start(t)
	stream := openStream(s, "/v1/changes?after=now")
	stream.heartbeat()
	const load = "INSERT INTO properties (title, price, location) SELECT 'row', n, 'Here' FROM generate_series(1, %d) AS n"
	for _, statement := range []string{fmt.Sprintf(load, 1001), "UPDATE properties SET price = 7", "TRUNCATE properties"} {
		behind(s, statement)
		if event := stream.next(); event.Name != "reset" || !strings.Contains(event.Data, `"id":null`) {
			t.Errorf("%s is delivered as %+v", statement, event)
		}
	}
	behind(s, fmt.Sprintf(load, 1000))
	for range 1000 {
		if event := stream.next(); event.Name != "insert" {
			t.Fatalf("of 1,000 rows one is delivered as %+v", event)
		}
	}
}

func TestABadPlaceIsAProblemBeforeAnythingIsStreamed(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		refused := func(s *apptest.Server, status int, problem, path string, headers ...string) {
			t.Helper()
			response, _ := open(s, path, headers...)
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			a := apptest.Answer{T: t, Status: response.StatusCode, Header: response.Header, Body: string(body)}.Must(status)
			if got := apptest.Decoded[jsonProblem](a); got.Type != "/problems/"+problem {
				t.Errorf("%s %q: %s", path, headers, body)
			}
		}
		first := openStream(s, "/v1/changes")
		s.Create(`"title":"old","price":1`)
		s.Create(`"title":"older","price":1`)
		old := first.next().ID
		refused(s, http.StatusBadRequest, "invalid-cursor", "/v1/changes?after=%21")
		refused(s, http.StatusBadRequest, "invalid-cursor", "/v1/changes", "Last-Event-ID", "!")
		refused(s, http.StatusBadRequest, "invalid-cursor", "/v1/changes?after="+old, "Last-Event-ID", "bm9uc2Vuc2U")
		refused(s, http.StatusBadRequest, "invalid-request", "/v1/changes?since="+old)

		if _, err := s.Db.Feed().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		other := apptest.Start(t, string(s.Config.Database.URL), string(s.Config.Cache.URL)) // one whose feed is empty
		refused(other, http.StatusGone, "gone", "/v1/changes?after="+old)
		refused(other, http.StatusGone, "gone", "/v1/changes", "Last-Event-ID", old)
		other.Get("/v1/changes?after=" + old).Must(http.StatusGone)
	})
}

func TestStreamsEndWithTheServer(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		streams := []*eventStream{openStream(s, "/v1/changes"), openStream(s, "/v1/changes"),
			openStream(s, "/v1/changes?after=now")}
		streams[2].heartbeat()
		stopped := make(chan error, 1)
		go func() { stopped <- s.Stop() }()
		for _, stream := range streams {
			for err := error(nil); !errors.Is(err, io.EOF); {
				if _, err = stream.read(); err != nil && !errors.Is(err, io.EOF) {
					t.Fatalf("a stream was cut off: %v", err)
				}
			}
		}
		select {
		case err := <-stopped:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(eventPatience):
			t.Error("the server waits for streams that have ended")
		}
	})
}

func TestStreamsAreBoundedAndKeepNobodyElseOut(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t, func(c *config.Config) { c.HTTP.MaxStreams, c.HTTP.MaxInFlight = 2, 1 })
	first, second := openStream(s, "/v1/changes?after=now"), openStream(s, "/v1/changes?after=now")
	first.heartbeat()
	second.heartbeat()
	third, _ := open(s, "/v1/changes")
	if third.StatusCode != http.StatusServiceUnavailable || third.Header.Get("Retry-After") == "" {
		t.Errorf("a third stream: status %d, %v", third.StatusCode, third.Header)
	}
	s.Get("/v1/changes").Must(http.StatusOK)
	s.Create(`"title":"meanwhile","price":1`)
	first.cancel()
	s.Eventually("there is room again", func() bool {
		response, cancel := open(s, "/v1/changes")
		defer cancel()
		return response.StatusCode == http.StatusOK
	})
	if event := second.next(); !strings.Contains(event.Data, `"meanwhile"`) {
		t.Errorf("the first stream delivers %+v", event)
	}
}

// What bounds an ordinary request does not bound a stream.
func TestAStreamOutlastsTheDeadlinesOfRequests(t *testing.T) {
	t.Parallel()
	const deadline = time.Second // a busy machine takes less for a request
	s := apptest.Embedded.Start(t, func(c *config.Config) {
		c.HTTP.ReadTimeout, c.HTTP.WriteTimeout = deadline, deadline
		c.HTTP.HandlerTimeout, c.HTTP.IdleTimeout = deadline, deadline
	})
	stream := openStream(s, "/v1/changes?after=now")
	stream.heartbeat()
	time.Sleep(2 * deadline)
	s.Create(`"title":"late","price":1`)
	if event := stream.next(); !strings.Contains(event.Data, `"late"`) {
		t.Errorf("the stream delivers %+v", event)
	}
}

func TestHeadOfChangesIsThatOfAPage(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	a := s.Do(http.MethodHead, "/v1/changes", "", "Accept", "text/event-stream").Must(http.StatusOK)
	if a.Header.Get("Content-Type") != "application/json" || a.Body != "" {
		t.Errorf("HEAD: %v", a.Header)
	}
}
