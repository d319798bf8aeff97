//go:build linux

package abuse

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// The kinds of requests that the other clients make.
const (
	otherHits     = "hits"     // of pages that do not change
	otherMisses   = "misses"   // of pages not requested before
	otherWrites   = "writes"   // of own listings
	otherOwn      = "own"      // reads of own listings
	otherHealth   = "/healthz" // the health page
	otherReady    = "/readyz"
	otherOpsReady = "/readyz (ops)"
)

var otherKinds = []string{otherHits, otherMisses, otherWrites, otherOwn, otherHealth, otherReady, otherOpsReady}

// others are clients that take no part in the attack. They send requests at a steady pace, whether answers come or
// not.
type others struct {
	*assault
	clients []*http.Client
	ops     *http.Client
	hot     []search
	own     []*ownListing
	phase   atomic.Pointer[phase]
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// mostWaiting is how many requests of one kind wait for an answer at a time; further ones are not sent.
const mostWaiting = 300

func newOthers(s *assault) *others {
	o := &others{assault: s, ops: s.client("127.0.0.1")}
	for i := range 20 {
		o.clients = append(o.clients, s.client(otherAddress(i)))
	}
	for range 100 {
		o.hot = append(o.hot, s.search(<-s.asked))
	}
	rows, err := s.Sql.Query(s.t.Context(), "SELECT id::text, title FROM properties WHERE price >= $1", ownPrice)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, title string
		if err := rows.Scan(&id, &title); err != nil {
			s.t.Fatal(err)
		}
		n, err := editionIn(title)
		if err != nil {
			s.t.Fatal(err)
		}
		o.own = append(o.own, &ownListing{id: id, sent: n, stored: []edition{{n: n}}})
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return o
}

// start warms the hot pages and lets the clients begin.
func (o *others) start() {
	ctx, cancel := context.WithCancel(o.t.Context())
	o.cancel = cancel
	o.phase.Store(&phase{answers: map[string]*results{}})
	for _, q := range o.hot {
		o.read(ctx, q)
	}
	o.pace(ctx, otherHits, 100, func(ctx context.Context) string { return o.read(ctx, o.hot[rand.IntN(len(o.hot))]) })
	o.pace(ctx, otherMisses, 20, func(ctx context.Context) string { return o.read(ctx, o.search(<-o.asked)) })
	o.pace(ctx, otherWrites, 10, o.write)
	o.pace(ctx, otherOwn, 20, func(ctx context.Context) string { return o.readOwn(ctx) })
	o.pace(ctx, otherHealth, 10, func(ctx context.Context) string {
		return o.health(ctx, o.client(), *o.node.Base.Load()+"/healthz")
	})
	o.pace(ctx, otherReady, 10, func(ctx context.Context) string {
		return o.health(ctx, o.client(), *o.node.Base.Load()+"/readyz")
	})
	o.pace(ctx, otherOpsReady, 10, func(ctx context.Context) string {
		return o.health(ctx, o.ops, *o.node.OpsBase.Load()+"/readyz")
	})
}

// stop ends the clients once the last answers are in.
func (o *others) stop() {
	o.cancel()
	o.running.Wait()
}

// pace sends a number of requests a second until the context ends, and returns when all are answered.
func (o *others) pace(ctx context.Context, kind string, rate int, ask func(context.Context) string) {
	o.running.Go(func() {
		var waiting sync.WaitGroup
		defer waiting.Wait()
		places := make(chan struct{}, mostWaiting)
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			p := o.phase.Load()
			select {
			case places <- struct{}{}:
			default:
				p.of(kind).note("not sent", 0)
				continue
			}
			waiting.Go(func() {
				defer func() { <-places }()
				began := time.Now()
				got := ask(o.t.Context())
				p.of(kind).note(got, time.Since(began))
			})
		}
	})
}

func (o *others) client() *http.Client { return o.clients[rand.IntN(len(o.clients))] }

// read makes a search and checks what it finds.
func (o *others) read(ctx context.Context, q search) string {
	response, body, err := fetch(ctx, o.client(), http.MethodGet, *o.node.Base.Load()+q.target, "")
	if err != nil {
		return outcome(0, err)
	}
	if response.StatusCode == http.StatusOK {
		o.objection(q.check(body))
	}
	return outcome(response.StatusCode, nil)
}

func (o *others) health(ctx context.Context, c *http.Client, url string) string {
	response, _, err := fetch(ctx, c, http.MethodGet, url, "")
	if err != nil {
		return outcome(0, err)
	}
	return outcome(response.StatusCode, nil)
}

// ownListing is a listing whose title has a number that each write raises.
type ownListing struct {
	id string

	mu     sync.Mutex // guards the fields below
	sent   int        // the highest number sent
	stored []edition  // those acknowledged
	busy   bool       // being written
	open   bool       // a write was not acknowledged, and may commit at any time
}

// edition is a number and the moment its write was acknowledged.
type edition struct {
	n  int
	at time.Time
}

func editionIn(title string) (int, error) { return strconv.Atoi(strings.TrimPrefix(title, "own ")) }

// begin returns the next number to write; false when the listing cannot be written now.
func (l *ownListing) begin() (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy || l.open {
		return 0, false
	}
	l.busy = true
	l.sent++
	return l.sent, true
}

func (l *ownListing) end(n int, acknowledged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if l.open = !acknowledged; acknowledged {
		l.stored = append(l.stored, edition{n, time.Now()})
	}
}

// known returns the highest number acknowledged by a moment; false when an unacknowledged write may have undone it.
func (l *ownListing) known(by time.Time) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.stored) - 1; i >= 0; i-- {
		if !l.stored[i].at.After(by) {
			return l.stored[i].n, !l.open
		}
	}
	return 0, false
}

// free returns an own listing to write, with the number to write; nil when there is none.
func (o *others) free() (*ownListing, int) {
	for range 50 {
		l := o.own[rand.IntN(len(o.own))]
		if n, ok := l.begin(); ok {
			return l, n
		}
	}
	return nil, 0
}

func (o *others) write(ctx context.Context) string {
	l, n := o.free()
	if l == nil {
		return "not sent"
	}
	got, _ := o.writeTo(ctx, l, n)
	return got
}

// writeTo writes a number and returns the listing's version after it.
func (o *others) writeTo(ctx context.Context, l *ownListing, n int) (got string, version int) {
	response, body, err := fetch(ctx, o.client(), http.MethodPatch, *o.node.Base.Load()+apptest.ItemPath(l.id),
		fmt.Sprintf(`{"title":"own %d"}`, n), "Content-Type", apptest.PatchType,
		"Authorization", "Bearer "+o.keys[rand.IntN(len(o.keys))])
	l.end(n, err == nil && response.StatusCode == http.StatusOK)
	if err != nil {
		return outcome(0, err), 0
	}
	var listing apptest.Listing
	if response.StatusCode == http.StatusOK && json.Unmarshal(body, &listing) != nil {
		o.objection(fmt.Errorf("a write is answered %q", body))
	}
	return outcome(response.StatusCode, nil), listing.Version
}

// readOwn reads an own listing, every fourth time past the caches, and checks that it shows what was acknowledged.
func (o *others) readOwn(ctx context.Context) string {
	l := o.own[rand.IntN(len(o.own))]
	var headers []string
	bound := apptest.MaxStaleness
	if rand.IntN(4) == 0 {
		headers, bound = []string{"Cache-Control", "no-cache"}, 0
	}
	least, sure := l.known(time.Now().Add(-bound))
	response, body, err := fetch(ctx, o.client(), http.MethodGet, *o.node.Base.Load()+apptest.ItemPath(l.id), "",
		headers...)
	if err != nil || response.StatusCode != http.StatusOK {
		if err != nil {
			return outcome(0, err)
		}
		return outcome(response.StatusCode, nil)
	}
	var listing apptest.Listing
	if err := json.Unmarshal(body, &listing); err != nil {
		o.objection(err)
		return "200"
	}
	n, err := editionIn(listing.Title)
	o.objection(err)
	l.mu.Lock()
	most := l.sent
	sure = sure && !l.open
	l.mu.Unlock()
	labelled := strings.Contains(response.Header.Get("Cache-Status"), "detail=stale")
	if n > most || sure && !labelled && n < least {
		o.objection(fmt.Errorf("own listing %s asked with %q shows %d, want %d to %d", l.id, headers, n, least, most))
	}
	return "200"
}
