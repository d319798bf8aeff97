//go:build linux

package abuse

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

const (
	subscribers    = 1000
	streamedWrites = 200 // a second
)

// subscriber reads one event stream, and resumes where it was when the stream ends.
type subscriber struct {
	*audience
	client *http.Client
	timed  bool // it records the moments of arrival

	mu     sync.Mutex // guards the fields below
	got    []uint64   // what each event was about
	at     []time.Time
	cursor string
	opened int
}

// audience is what all subscribers have in common.
type audience struct {
	*assault
	seed   maphash.Seed
	sent   sync.Map // from what an event is about to when its write was sent
	ready  atomic.Int64
	refuse results
}

// about returns what an event is about: a listing at a version.
func (f *audience) about(id string, version string) uint64 {
	return maphash.String(f.seed, id+" "+version)
}

// manyStreams writes while many subscribers follow, and compares what each receives with what was committed.
func manyStreams(s *assault) {
	s.beCalm()
	all := &audience{assault: s, seed: maphash.MakeSeed(), refuse: newResults()}
	s.others.stop() // nothing is written between the cursor and lastChange
	cursor := apptest.Decoded[struct{ Next string }](s.node.Get("/v1/changes?after=now").Answer).Next
	since := s.lastChange()
	s.others.start()
	crowd := make([]*subscriber, subscribers)
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	var following sync.WaitGroup
	s.attack(2*time.Minute, func(limit context.Context) {
		for i := range crowd {
			c := s.client(hostileAddress(i % 250))
			c.Timeout = 0
			crowd[i] = &subscriber{audience: all, client: c, timed: i%10 == 0, cursor: cursor}
			following.Go(func() { crowd[i].follow(ctx) })
		}
		for all.ready.Load() < subscribers && limit.Err() == nil {
			linger(limit, 100*time.Millisecond)
		}
		s.note("streams      %d of %d open", all.ready.Load(), subscribers)
		all.write(attackTime)
	})
	s.others.stop()
	want := all.await(crowd, since)
	stop()
	following.Wait()
	all.compare(crowd, want)
	s.others.start()
	s.rest(restTime)
}

// write writes own listings at a steady pace.
func (f *audience) write(length time.Duration) {
	began := time.Now()
	got := newResults()
	var all sync.WaitGroup
	places := make(chan struct{}, 64)
	tick := time.NewTicker(time.Second / streamedWrites)
	defer tick.Stop()
	for time.Since(began) < length {
		<-tick.C
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			l, n := f.others.free()
			if l == nil {
				return
			}
			sent := time.Now()
			result, version := f.others.writeTo(f.t.Context(), l, n)
			got.note(result, time.Since(sent))
			f.sent.Store(f.about(l.id, fmt.Sprint(version)), sent)
		})
	}
	all.Wait()
	took := time.Since(began).Seconds()
	f.note("writes       %s in %.0f s: %.0f/s (200), p50 %.0f ms, p99 %.0f ms", &got, took,
		float64(got.statuses["200"])/took,
		apptest.Milliseconds(got.took.Quantile(0.5)), apptest.Milliseconds(got.took.Quantile(0.99)))
	got.judge(f.t, "writers beside the streams get")
}

// follow reads until the context ends.
func (f *subscriber) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.read(ctx); err != nil && ctx.Err() == nil {
			linger(ctx, 200*time.Millisecond)
		}
	}
}

// read reads one stream to its end.
func (f *subscriber) read(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *f.node.Base.Load()+"/v1/changes", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Last-Event-ID", f.cursor)
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		f.refuse.note(outcome(response.StatusCode, nil), 0)
		return fmt.Errorf("status %d", response.StatusCode)
	}
	if f.opened++; f.opened == 1 {
		f.ready.Add(1)
	}
	var id string
	for lines := bufio.NewReaderSize(response.Body, 8<<10); ; {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if value, is := bytes.CutPrefix(line, []byte("id: ")); is {
			id = string(value)
		}
		if value, is := bytes.CutPrefix(line, []byte("data: ")); is {
			f.take(value)
		}
		if len(line) == 0 {
			f.cursor = id
		}
	}
}

// take records the data of one event.
func (f *subscriber) take(data []byte) {
	text := string(data)
	member := func(name string) string {
		_, after, _ := strings.Cut(text, name)
		return after[:strings.IndexAny(after+",", `",}`)]
	}
	what := f.about(member(`"id":"`), member(`"version":`))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, what)
	if f.timed {
		f.at = append(f.at, time.Now())
	}
}

func (s *assault) lastChange() (seq int64) {
	if err := s.Sql.QueryRow(s.t.Context(), "SELECT coalesce(max(seq), 0) FROM property_changes").Scan(&seq); err != nil {
		s.t.Fatal(err)
	}
	return seq
}

// committed returns the changes behind a sequence number, by what their events are about.
func (s *assault) committed(f *audience, since int64) map[uint64]string {
	rows, err := s.Sql.Query(s.t.Context(),
		"SELECT property_id::text, version::text FROM property_changes WHERE seq > $1", since)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	want := map[uint64]string{}
	for rows.Next() {
		var id, version string
		if err := rows.Scan(&id, &version); err != nil {
			s.t.Fatal(err)
		}
		want[f.about(id, version)] = id + " version " + version
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return want
}

// await waits until no more changes are committed and no subscriber receives more, and returns what was committed.
func (f *audience) await(crowd []*subscriber, since int64) (want map[uint64]string) {
	const rounds = 12 // seconds: an abandoned write may still commit that late
	for quiet, before := 0, -1; quiet < rounds; quiet++ {
		want = f.committed(f, since)
		total := len(want)
		for _, one := range crowd {
			one.mu.Lock()
			total += len(one.got)
			one.mu.Unlock()
		}
		if total != before {
			quiet, before = 0, total
		}
		linger(f.t.Context(), time.Second)
	}
	return want
}

// compare fails the test for every subscriber that did not receive each change once.
func (f *audience) compare(crowd []*subscriber, want map[uint64]string) {
	var lag apptest.Spread
	complete, again := 0, 0
	for i, one := range crowd {
		seen := map[uint64]int{}
		for k, what := range one.got {
			seen[what]++
			if sent, known := f.sent.Load(what); known && one.timed {
				lag = append(lag, one.at[k].Sub(sent.(time.Time)))
			}
		}
		wrong := 0
		for what, name := range want {
			if seen[what] != 1 {
				if wrong++; wrong == 1 {
					f.objection(fmt.Errorf("stream %d delivers %s %d times", i, name, seen[what]))
				}
			}
		}
		if len(one.got) != len(want) {
			f.objection(fmt.Errorf("stream %d delivers %d events of %d, in %d lives", i, len(one.got), len(want), one.opened))
		} else if wrong == 0 {
			complete++
		}
		again += max(0, one.opened-1)
	}
	f.note("events       %d changes; %d of %d streams deliver each once; %d were opened again; refused: %s",
		len(want), complete, len(crowd), again, &f.refuse)
	f.note("lag          from the sending of the write to the event: p50 %.0f ms, p99 %.0f ms",
		apptest.Milliseconds(lag.Quantile(0.5)), apptest.Milliseconds(lag.Quantile(0.99)))
}
